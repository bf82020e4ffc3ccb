"""What the forms of a page would send if nobody touched them: for tests of what is put back into a form that was refused."""

from __future__ import annotations

from collections import defaultdict
from html.parser import HTMLParser


class Forms(HTMLParser):
    """The forms of a page: where each goes, and its fields with the values that they hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, list[str]]]] = []
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        name, value = said.get("name", ""), said.get("value", "")
        if tag == "form":
            self.found.append((said.get("action", ""), defaultdict(list)))
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in said and self.found:
            self.found[-1][1][self._select].append(value)
        elif self.found and (tag == "button" or (tag == "input" and _is_sent(said))):
            self.found[-1][1][name].append(value)


def _is_sent(said: dict[str, str]) -> bool:
    return said.get("type") not in {"checkbox", "radio"} or "checked" in said


def holds(text: str, path: str, fields: dict[str, str]) -> bool:
    """Whether a form of this page that goes there has all of these fields as they were sent."""
    return any(
        action in {"", path} and all(value in held[name] for name, value in fields.items())
        for action, held in Forms(text).found
    )
