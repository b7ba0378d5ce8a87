"""A bot that says what was said."""


class EchoBot:
    """Answer a message with itself."""

    def answer(self, text: str) -> str:
        """Give the text back."""
        return f"You said: {text}"
