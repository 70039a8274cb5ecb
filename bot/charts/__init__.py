"""Charts: one definition each, as SVG for a page and as PNG for a chat.

The drawing library takes a second to load, so it is loaded with the first chart. Chinese labels in a PNG
need a Chinese font on the machine (Debian: fonts-noto-cjk); without one give English labels. An SVG is set in
the fonts of whoever looks at it.
"""

from bot.charts.timeline import Bar, Dot, Labels, Mark, Timeline, as_png, as_svg

__all__ = ["Bar", "Dot", "Labels", "Mark", "Timeline", "as_png", "as_svg"]
