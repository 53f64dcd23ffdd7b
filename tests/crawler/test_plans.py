"""Cells of subscription pages: prices with their period, quotas with their window, and what is neither."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import plans
from crawler.failures import PageChanged
from crawler.grid import Cell, Table
from crawler.sheet import PriceSheet
from history.model import Offer, Provider

WORDS = plans.Words(
    {"Price": "", "Yearly": "plan_years"}, {"Usage": ("", ""), "Credits": ("credits", "month")}, frozenset({"Agents"})
)


def cell(*lines: str, struck: str = "") -> Cell:
    return Cell(" ".join(lines), struck, (), lines)


def said(found: Cell, currency: str = "USD", unit: str = "") -> tuple[list[tuple[str, str]], list[str]]:
    components, terms = plans.prices(found, currency, unit)
    assert all((price.currency, price.per) == (currency, 1) for price in components)
    return [(price.unit, str(price.amount)) for price in components], terms


@pytest.mark.parametrize(
    ("text", "unit", "amount"),
    [
        ("$22 /month", "plan_months", "22"),
        ("$22/mo", "plan_months", "22"),
        ("US$20 per month", "plan_months", "20"),
        ("$19 a month", "plan_months", "19"),
        ("$27/quarter", "plan_quarters", "27"),
        ("$1,500 /year", "plan_years", "1500"),
        ("$16.2/month billed quarterly", "plan_months_billed_quarterly", "16.2"),
        ("$8/month (billed annually)", "plan_months_billed_yearly", "8"),
        ("$15/month, billed yearly", "plan_months_billed_yearly", "15"),
        ("$0/month", "plan_months", "0"),
    ],
)
def test_a_price_says_for_how_long_it_is_and_how_it_is_billed(text: str, unit: str, amount: str) -> None:
    assert said(cell(text)) == ([(unit, amount)], [])


def test_a_price_in_yuan_is_read_with_its_period() -> None:
    assert said(cell("¥49 /月"), "CNY") == ([("plan_months", "49")], [])
    assert said(cell("￥490/年"), "CNY") == ([("plan_years", "490")], [])
    assert said(cell("¥110/季度"), "CNY") == ([("plan_quarters", "110")], [])


def test_the_label_or_the_tab_may_say_the_period() -> None:
    assert said(cell("¥39"), "CNY", "plan_months") == ([("plan_months", "39")], [])
    with pytest.raises(PageChanged, match="not a price for a month"):
        said(cell("$39"))
    with pytest.raises(PageChanged, match="not a price for plan_years"):
        said(cell("$39/month"), unit="plan_years")


def test_what_the_first_month_costs_is_a_term_and_renewal_is_the_price() -> None:
    assert said(cell("First month $3, then $6/month")) == ([("plan_months", "6")], ["First month $3"])
    assert said(cell("$6/month", "First month $3")) == ([("plan_months", "6")], ["First month $3"])
    assert said(cell("首月 ¥7.9，续费 ¥40/月"), "CNY") == ([("plan_months", "40")], ["首月 ¥7.9"])


def test_two_periods_in_one_cell_are_two_prices() -> None:
    assert said(cell("$6/month", "$63.36/year"))[0] == [("plan_months", "6"), ("plan_years", "63.36")]


def test_a_struck_price_is_the_list_price_of_the_one_beside_it() -> None:
    [price], _ = plans.prices(cell("$20 /month", struck="$25"), "USD")
    assert (price.amount, price.list_amount) == (Decimal(20), Decimal(25))
    for found in (cell("$20/month", struck="$20/month"), cell("$20/month", "$200/year", struck="$25/month"),
                  cell("Free", struck="$5/month"), cell("$20/month", struck="$250/year")):  # fmt: skip
        with pytest.raises(PageChanged, match=r"struck-through|former price|not a price for plan_months"):
            plans.prices(found, "USD")


def test_free_and_contact_us_are_terms_and_a_dash_is_nothing() -> None:
    assert said(cell("Free")) == ([], ["free"])
    assert said(cell("Contact us")) == ([], ["contact us"])
    assert said(cell("-")) == ([], [])


@pytest.mark.parametrize(
    "text", ["from $5/month", "$5–$9/month", "$20", "€20/month", "20/fortnight", "$20/seat/month", "$1/1M tokens",
             "soon", "$5/year, billed quarterly", "$-5/month", "$5/month/user"],
)  # fmt: skip
def test_a_price_that_is_not_understood_raises(text: str) -> None:
    with pytest.raises(PageChanged):
        said(cell(text))


@pytest.mark.parametrize(
    ("text", "quota"),
    [
        ("Up to ~120 prompts every 5 hours", "about 120 prompts per 5 hours"),
        ("approx. 120 prompts every 5 hours", "about 120 prompts per 5 hours"),
        ("1,500 requests / 5 hours", "1500 requests per 5 hours"),
        ("4,500 requests/5hrs", "4500 requests per 5 hours"),
        ("300-1,200 requests per 5 hours", "300–1200 requests per 5 hours"),
        ("4.1B Credits / month", "4100000000 credits per month"),
        ("60,000,000 Credits", "60000000 credits"),
        ("Unlimited requests per day", "unlimited requests per day"),
        ("1,500 次/5小时", "1500 requests per 5 hours"),
        ("约 6 亿 tokens", "about 600000000 tokens"),
        ("最多 400 次每周", "400 requests per week"),
        ("28,000 积分", "28000 credits"),
    ],
)
def test_a_quota_has_a_size_a_unit_and_a_window(text: str, quota: str) -> None:
    assert plans.quota(text).text == f"quota: {quota}"


def test_the_label_says_what_a_bare_figure_counts() -> None:
    assert plans.quota("4.1B", "credits", "month").text == "quota: 4100000000 credits per month"
    assert plans.quota("60*", "tasks", "month").text == "quota: 60 tasks per month"
    assert plans.quota("4.1B Credits / month", "credits", "month").text == "quota: 4100000000 credits per month"


@pytest.mark.parametrize(
    "text",
    ["5x Lite usage", "3–4 agents", "120 prompts per fortnight", "120", "80-40 prompts", "1,50 requests",
     "many requests", "", "Lite: 120 prompts", "120 prompts per 5 hours and more", "-3 prompts"],
)  # fmt: skip
def test_a_quota_that_is_not_understood_raises(text: str) -> None:
    with pytest.raises(PageChanged):
        plans.quota(text)


def test_a_cell_and_its_label_must_not_disagree() -> None:
    with pytest.raises(PageChanged, match="per month"):
        plans.quota("120 prompts per week", "prompts", "month")
    with pytest.raises(PageChanged, match="not a quota of credits"):
        plans.quota("120 prompts", "credits")


@given(
    st.integers(0, 10**15), st.sampled_from(["requests", "credits", "prompts"]), st.sampled_from(["5 hours", "week"])
)
def test_any_written_quota_is_read_exactly(amount: int, unit: str, per: str) -> None:
    quota = plans.quota(f"{amount:,} {unit} per {per}")
    assert (quota.amount, quota.unit, quota.per, quota.most) == (Decimal(amount), unit, per, None)


@given(st.text("$0123456789,./month –-~Bx ", max_size=14))
def test_no_text_is_read_as_a_price_that_it_does_not_spell(text: str) -> None:
    try:
        [price], _ = plans.prices(cell(text), "USD")
    except (PageChanged, ValueError):
        return
    assert format(price.amount, "f") in text.replace(",", "")


def table(*rows: list[str | Cell], within: tuple[str, ...] = ()) -> Table:
    grid = tuple(tuple(one if isinstance(one, Cell) else cell(one) for one in row) for row in rows)
    return Table(grid, 1, "Plans", "", {}, within, Counter())


def offers(found: Table) -> list[Offer]:
    sheet = PriceSheet()
    plans.read(sheet, found, WORDS, "USD", "Token Plan")
    return list(sheet.offers(Provider("acme", "Acme", "lab")))


COLUMNS = table(
    ["", "Plus", "Max"],
    ["Price", "$20/month", "$50/month"],
    ["Usage", "1 requests", "2 requests"],
    ["Agents", "3", "-"],
)


def test_plans_are_columns_or_rows_and_read_the_same() -> None:
    turned = table(*map(list, zip(*COLUMNS.grid, strict=True)))
    assert offers(COLUMNS) == offers(turned)
    assert [(offer.model, offer.tier, offer.terms) for offer in offers(COLUMNS)] == [
        ("Token Plan Plus", "plan", ("quota: 1 requests", "Agents: 3")),
        ("Token Plan Max", "plan", ("quota: 2 requests",)),
    ]


def test_the_tab_says_the_period_and_an_unknown_tab_raises() -> None:
    [plus] = offers(table(["", "Plus"], ["Price", "$200"], within=("Yearly",)))
    assert [price.unit for price in plus.components] == ["plan_years"]
    with pytest.raises(PageChanged, match="no known period"):
        offers(table(["", "Plus"], ["Price", "$200"], within=("Enterprise",)))


def test_a_row_that_is_not_read_is_reported_unless_it_may_be_money_or_a_quota() -> None:
    found = table(["", "Plus", "Max"], ["Price", "$20/month", "$50/month"], ["Best for", "you", "us"])
    offers(found)
    assert found.unread == {"Best for": 1}
    for words in ("$5 off", "120 prompts", "~600 per week", "~1.7B", "6 亿"):
        with pytest.raises(PageChanged, match="unknown row 'Bonus'"):
            offers(table(["", "Plus", "Max"], ["Price", "$20/month", "$50/month"], ["Bonus", "none", words]))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([["", "Plus", "Plus"], ["Price", "$1/month", "$2/month"]], "does not name its plans"),
        ([["", "Plus", ""], ["Price", "$1/month", "$2/month"]], "does not name its plans"),
        ([["", "Plus", "$5"], ["Price", "$1/month", "$2/month"]], "does not name its plans"),
        ([["", "Plus"], ["Usage", "1 requests"]], "says no price"),
        ([["", "Plus"], ["Price", "$1/month", "$2/month"]], "different lengths"),
        ([["", "Plus"], ["Price", "$1/month"], ["Price", "$2/month"]], "two prices"),
        ([["", "Plus"], ["Price", "$1/month"], ["Usage", cell("1 requests", struck="2 requests")]], "struck-through"),
    ],
)
def test_a_table_that_is_not_understood_raises(rows: list[list[str | Cell]], words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        offers(table(*rows))


def test_what_is_no_table_of_plans_is_left_by_name() -> None:
    credits = table(["Credits", "Due"], ["5,000", "$5"])
    features = table(["", "Plus"], ["Storage", "20GB"])
    assert not plans.is_of(credits, frozenset({"Plus"}), WORDS)
    assert not plans.is_of(features, frozenset({"Plus"}), WORDS)
    assert plans.is_of(COLUMNS, frozenset({"Plus"}), WORDS)
    with pytest.raises(PageChanged, match="of no known plan"):
        plans.is_of(table(["", "Team"], ["Price", "$30 /month"]), frozenset({"Plus"}), WORDS)
    assert (credits.unread, features.unread) == ({"table: Plans": 1}, {"table: Plans": 1})
