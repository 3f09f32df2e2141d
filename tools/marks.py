"""What is generated into a page that people write stands between two marks."""


def between(text: str, marks: tuple[str, str], content: str) -> str:
    """Return the text with other content between two marks."""
    before, begin, rest = text.partition(marks[0])
    _, end, after = rest.partition(marks[1])
    return f"{before}{begin}{content}{end}{after}"
