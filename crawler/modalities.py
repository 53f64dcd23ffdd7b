"""Modalities: whether the tokens of a row are those of a text, of sound or of an image."""

from crawler.grid import Table

# What each adds to the name of a unit.
SUFFIXES = {"Text": "", "Audio": "_audio", "Image": "_image"}
_IMAGE_MODELS = ("gpt-image", "chatgpt-image")


def astray(table: Table) -> list[str]:
    """What a table without a Modality column says of modalities elsewhere: its prices must not pass for a text's."""
    if "Modality" in table.header:
        return []
    cells = [cell.text for row in table.body for cell in row]
    return [text for text in cells if text in SUFFIXES or text.startswith(_IMAGE_MODELS)]
