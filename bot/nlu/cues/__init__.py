"""The Chinese words of understanding, as tables and patterns; the rules that use them are beside this package."""


def words(text: str) -> tuple[str, ...]:
    """The words of a blank-separated list."""
    return tuple(text.split())
