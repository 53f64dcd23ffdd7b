"""The guard: no form of an address that is not public passes, and what the operator allows does."""

from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from history.addresses import WEB_PORTS, AddressRefused, Guard
from history.settings import Settings

STRICT = Guard()


def words(text: str) -> list[str]:
    return text.split()


# Written down once more, from IANA's registries and from what established senders refuse.
FORBIDDEN_V4 = words("""0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
    192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
    255.255.255.255/32 168.63.129.16/32 100.100.100.200/32""")
FORBIDDEN_V6 = words("""::/128 ::1/128 ::/96 ::ffff:0:0:0/96 fe80::/10 fec0::/10 fc00::/7 ff00::/8
    2001:db8::/32 3fff::/20 100::/64 2002::/16 2001::/32 2001:10::/28 64:ff9b::/96 64:ff9b:1::/48
    5f00::/16 4000::/3 1000::/4 fd00:ec2::254/128 fd20:ce::254/128""")
PUBLIC = ["1.1.1.1", "9.255.255.255", "11.0.0.0", "126.255.255.255", "172.15.255.255", "172.32.0.0", "169.253.255.255",
          "100.63.255.255", "100.128.0.0", "223.255.255.255", "168.63.129.15", "2606:4700::1111", "2a00:1450:4001::1",
          "::ffff:1.1.1.1"]  # fmt: skip


def mapped(address: IPv4Address) -> IPv6Address:
    return IPv6Address(0xFFFF << 32 | int(address))


def compatible(address: IPv4Address) -> IPv6Address:
    return IPv6Address(int(address))


def nat64(address: IPv4Address) -> IPv6Address:
    return IPv6Address(0x64_FF9B << 96 | int(address))


def nat64_here(address: IPv4Address) -> IPv6Address:
    return IPv6Address(0x64_FF9B_0001 << 80 | int(address))


def six_to_four(address: IPv4Address) -> IPv6Address:
    return IPv6Address(0x2002 << 112 | int(address) << 80 | 1)


def teredo_server(address: IPv4Address) -> IPv6Address:
    return IPv6Address(0x2001_0000 << 96 | int(address) << 64 | (~0x01010101 & 0xFFFFFFFF))


def teredo_client(address: IPv4Address) -> IPv6Address:
    return IPv6Address(0x2001_0000 << 96 | 0x01010101 << 64 | (~int(address) & 0xFFFFFFFF))


CARRIERS = [mapped, compatible, nat64, nat64_here, six_to_four, teredo_server, teredo_client]
within_v4 = st.sampled_from(FORBIDDEN_V4).flatmap(lambda network: st.ip_addresses(network=network))
within_v6 = st.sampled_from(FORBIDDEN_V6).flatmap(lambda network: st.ip_addresses(network=network))


@pytest.mark.parametrize("network", [*FORBIDDEN_V4, *FORBIDDEN_V6])
def test_the_first_and_the_last_of_every_forbidden_network_are_refused(network: str) -> None:
    parsed = ip_network(network)
    assert STRICT.refusal(str(parsed[0]))
    assert STRICT.refusal(str(parsed[-1]))


@given(within_v4)
def test_no_forbidden_address_passes_in_any_wrapping(address: IPv4Address) -> None:
    assert STRICT.refusal(str(address))
    for carried in CARRIERS:
        assert STRICT.refusal(str(carried(address))), carried
        assert STRICT.refusal(carried(address).exploded), carried


@given(within_v6)
def test_no_forbidden_address_of_six_passes(address: IPv6Address) -> None:
    assert STRICT.refusal(str(address))
    assert STRICT.refusal(address.exploded.upper())


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_what_python_does_not_call_global_does_not_pass_either(address: IPv4Address | IPv6Address) -> None:
    known = getattr(address, "ipv4_mapped", None) or address
    assert known.is_global or STRICT.refusal(str(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_what_lies_beside_is_public(address: str) -> None:
    assert STRICT.refusal(address, 443) is None
    STRICT.check(address, 80)


@pytest.mark.parametrize(
    "address",
    ["", "localhost", "example.com", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "1.1.1.1 ", "1.1.1.1%eth0",
     "1.1.1.256", "[::1]", "::1%lo", "fe80::1%eth0", "2606:4700::1111%1", "1.1.1.1\0", "１.1.1.1", "/run/docker.sock"],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(address: str) -> None:
    assert STRICT.refusal(address)
    assert Guard.of("0.0.0.0/0, ::/0").refusal(address), "whatever the operator allows"


def test_a_refusal_says_why_and_what_would_have_to_be_allowed() -> None:
    with pytest.raises(
        AddressRefused, match=r"^10\.1\.2\.3 is not dialled: 10\.0\.0\.0/8 is a private network.*TOKENTAPE_ALLOWED_A"
    ):
        STRICT.check("10.1.2.3")
    with pytest.raises(AddressRefused, match=r"it leads to 169\.254\.169\.254, and 169\.254\.0\.0/16 is link-local"):
        STRICT.check("::ffff:169.254.169.254")


def test_a_name_is_told_instead_of_the_address_that_it_has_here() -> None:
    with pytest.raises(AddressRefused) as refused:
        STRICT.check("10.1.2.3", 443, host="db.acme.example")
    assert str(refused.value).startswith("db.acme.example is not dialled: ")
    assert "10.1.2.3" not in str(refused.value)


def test_at_public_addresses_only_the_ports_of_the_web_are_dialled() -> None:
    assert "port 5432 is none of 80 and 443" in (STRICT.refusal("1.1.1.1", 5432) or "")
    assert "port 80 is none of 443" in (STRICT.refusal("1.1.1.1", 80, {443}) or "")
    assert STRICT.refusal("1.1.1.1", 5432, WEB_PORTS | {5432}) is None
    assert STRICT.refusal("1.1.1.1") is None


def test_what_the_operator_allows_may_be_dialled_at_any_port_in_whatever_form_it_has() -> None:
    guard = Guard.of(" 10.1.0.0/16, 127.0.0.1 ,fd00:1::/32,")
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "127.0.0.1", "fd00:1::5"):
        assert guard.refusal(address, 8080) is None
    for address in ("10.2.0.1", "127.0.0.2", "fd00:2::5", "::1", "169.254.169.254"):
        assert guard.refusal(address, 443)
    assert guard.refusal("1.1.1.1", 443) is None
    assert guard.refusal("1.1.1.1", 8080)


@given(within_v4)
def test_allowing_a_translation_allows_only_what_it_leads_to_and_might_be_dialled(address: IPv4Address) -> None:
    """For networks that have only IPv6."""
    guard = Guard.of("64:ff9b::/96, 64:ff9b:1::/48, 2002::/16, 2001::/32")
    assert guard.refusal(str(nat64(IPv4Address("1.1.1.1"))), 443) is None
    assert guard.refusal(str(six_to_four(IPv4Address("1.1.1.1"))), 443) is None
    for carried in CARRIERS:
        assert guard.refusal(str(carried(address))), carried


def test_allowing_what_is_carried_does_not_allow_the_carrier() -> None:
    assert Guard.of("10.0.0.0/8").refusal(str(six_to_four(IPv4Address("10.0.0.1"))))
    assert Guard.of("::1, ::").refusal("::1", 99) is None


@pytest.mark.parametrize(
    ("listed", "says"),
    [("10.0.0.1/8", "host bits"), ("ten", "'ten'"), ("10.0.0.0/33", "/33"), ("10.0.0.0/8;::1", "/8;::1"),
     ("::ffff:10.0.0.0/104", "write IPv4 addresses as such"), ("localhost", "localhost"), ("fe80::1%eth0/64", "fe80")],
)  # fmt: skip
def test_a_list_that_is_none_is_refused_by_name(listed: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"TOKENTAPE_ALLOWED_ADDRESSES has .* no network such as") as refused:
        Guard.of(listed)
    assert says in str(refused.value)
    with pytest.raises(ValidationError, match="TOKENTAPE_ALLOWED_ADDRESSES"):
        Settings(allowed_addresses=listed)


def test_the_setting_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().guard == STRICT
    monkeypatch.setenv("TOKENTAPE_ALLOWED_ADDRESSES", "127.0.0.0/8, ::1")
    assert Settings().guard.refusal("127.0.0.1", 8000) is None


GOOD_URLS = ["https://hooks.acme.example/a?b=c#d", "https://hooks.acme.example:443/", "https://1.1.1.1/x",
             "https://[2606:4700::1111]/", "https://xn--bcher-kva.example/%C3%A4", "https://a_b.example./x",
             "HTTPS://ACME.EXAMPLE/"]  # fmt: skip


@pytest.mark.parametrize("url", GOOD_URLS)
def test_a_plain_public_url_passes(url: str) -> None:
    STRICT.check_url(url)
    STRICT.check_url(url, https_only=False)
    Guard.of("10.0.0.0/8").check_url(url)


THIS_MACHINE = words("""127.0.0.1 127.1 127.0.1 2130706433 0x7f.1 0x7f000001 0177.0.0.1 017700000001 0x7F.0.0.0x1
    127.0.0.1. [::1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [64:ff9b::7f00:1] [2002:7f00:1::] 0.0.0.0 0 [::]
    localhost LOCALHOST foo.localhost localhost.""")
OTHERS = ["10.0.0.1", "169.254.169.254", "2852039166", "0xa9fea9fe", "100.64.0.1", "192.168.1.1", "[fd00:ec2::254]",
          "[fe80::1]", "[2001:db8::1]", "100.100.100.200", "168.63.129.16", "255.255.255.255"]  # fmt: skip


@pytest.mark.parametrize("host", [*THIS_MACHINE, *OTHERS])
def test_a_private_address_is_recognised_in_every_spelling(host: str) -> None:
    for scheme in ("https", "http"):
        with pytest.raises(AddressRefused, match="is not dialled"):
            STRICT.check_url(f"{scheme}://{host}/hook")


@pytest.mark.parametrize("host", [host for host in THIS_MACHINE if not host.startswith("[") and host.strip("0.")])
def test_an_allowed_address_may_be_reached_without_tls_and_at_any_port(host: str) -> None:
    Guard.of("127.0.0.0/8").check_url(f"http://{host}:8080/hook")


BAD_URLS = {
    "": "no URL that begins with https",
    "hooks.acme.example/a": "no URL that begins with https",
    "ftp://acme.example/": "no URL that begins with https",
    "file:///etc/passwd": "no URL that begins with https",
    "javascript:alert(1)": "no URL that begins with https",
    "https:///nohost": "is no host",
    "https://": "is no host",
    "https://:443/": "is no host",
    "https://./": "is no host",
    "https://me:secret@acme.example/": "a user or password",
    "https://acme.example@1.1.1.1/": "a user or password",
    "https://@acme.example/": "a user or password",
    "https://acme.example:99999/": "no port that there is",
    "https://acme.example:0/": "no port that there is",
    "https://acme.example:x/": "no port that there is",
    "https://acme.example:22/": "port 22 is none of 443",
    "https://acme.example:80/": "port 80 is none of 443",
    "https://1.1.1.1:8443/": "port 8443 is none of 443",
    "http://acme.example/": "only https is",
    "http://1.1.1.1/": "only https is",
    "https://acme.example/a b": "SPACE",
    "https://acme.example/\r\nX: y": "U\\+000D",
    "https://acme.example\\@10.0.0.1/": "REVERSE SOLIDUS",
    "https://１２７.0.0.1/": "FULLWIDTH DIGIT ONE",
    "https://127。0。0。1/": "IDEOGRAPHIC FULL STOP",
    "https://bücher.example/": "xn--",
    "https://127%2e0.0.1/": "is no host",
    "https://[fe80::1%25eth0]/": "is no",
    "https://[::1/": "is no URL",
    "https://[v1.x]/": "is no",
    "https://1.2.3.4.5/": "neither a name nor an address",
    "https://256.1.1.1/": "neither a name nor an address",
    "https://[::1]x/": "is no URL",
    "https://[1.1.1.1]/": "is no",
    "https://me@[2606:4700::1111]/": "is no",
    "https://-acme.example/": "neither a name nor an address",
    "https://acme..example/": "neither a name nor an address",
    f"https://{'a' * 64}.example/": "neither a name nor an address",
    f"https://{'a.' * 127}example/": "neither a name nor an address",
    f"https://acme.example/{'x' * 2000}": "2021 characters, and may have 2000",
}


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_bad_url_is_refused_with_its_reason(url: str) -> None:
    with pytest.raises(AddressRefused, match=BAD_URLS[url]):
        STRICT.check_url(url)


def test_no_refusal_repeats_what_may_be_secret() -> None:
    for url in ("https://me:hunter2@acme.example/", "http://acme.example/hunter2", "https://acme.example:99/hunter2",
                "https://127.0.0.1/hunter2", "ftp://acme.example/hunter2", "https://a.example:x/hunter2"):  # fmt: skip
        with pytest.raises(AddressRefused) as refused:
            STRICT.check_url(url)
        assert "hunter2" not in str(refused.value)


def test_a_name_that_may_lead_to_an_allowed_address_is_judged_when_it_is_dialled() -> None:
    guard = Guard.of("10.0.0.0/8")
    guard.check_url("http://hooks.internal:8080/")
    guard.check_url("http://hooks.internal/")
    guard.check_url("https://hooks.internal:8443/")
    with pytest.raises(AddressRefused, match="only https"):
        guard.check_url("http://hooks.internal:443/")
    with pytest.raises(AddressRefused, match="only https"):
        guard.check_url("http://1.1.1.1/")


def test_where_http_is_wanted_it_passes_at_its_own_port() -> None:
    STRICT.check_url("http://acme.example/", https_only=False)
    STRICT.check_url("http://1.1.1.1:80/", https_only=False)
    with pytest.raises(AddressRefused, match="port 8080 is none of 80 and 443"):
        STRICT.check_url("http://acme.example:8080/", https_only=False)


@given(st.text(max_size=60))
def test_whatever_is_typed_passes_or_is_refused(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{text}.example/", f"https://[{text}]/"):
        with suppress(AddressRefused):
            STRICT.check_url(url)


@given(st.ip_addresses(network=str(IPv6Network("2600::/12"))))
def test_the_routed_addresses_of_six_pass(address: IPv6Address) -> None:
    assert STRICT.refusal(str(address), 443) is None
