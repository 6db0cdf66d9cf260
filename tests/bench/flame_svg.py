"""A flame graph as one SVG without scripts: a box for each function, as wide as its share, above its caller.

Names and shares show when the pointer rests on a box (`<title>`), so the picture also works where scripts do not run.
"""

import html
import zlib

WIDTH = 1200
ROW = 17
MARGIN = 10
HEAD = 44
LETTER = 6.6  # pixels, of the font below
LEAST = 0.0015  # share of the whole below which a box is left out


class Box:
    def __init__(self, name):
        self.name, self.count, self.above = name, 0, {}

    def add(self, stack, count):
        self.count += count
        if stack:
            self.above.setdefault(stack[0], Box(stack[0])).add(stack[1:], count)

    def depth(self, least):
        return 1 + max((box.depth(least) for box in self.above.values() if box.count >= least), default=0)


def colour(name):
    """Warm for the gateway's own, cool for the kernel, grey-green for libraries; a little different for each name."""
    shade = zlib.crc32(name.encode()) % 40
    if name.endswith("_[k]"):
        return f"rgb({120 + shade},{150 + shade},{205 + shade // 2})"
    if "agw::" in name:
        return f"rgb({215 + shade},{110 + shade * 2},{50 + shade})"
    return f"rgb({160 + shade},{185 + shade},{130 + shade})"


def svg(stacks, title):
    root = Box("all")
    for stack, count in stacks.items():
        root.add(stack, count)
    least = root.count * LEAST
    height = HEAD + root.depth(least) * ROW + MARGIN
    scale = (WIDTH - 2 * MARGIN) / max(root.count, 1)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="monospace" font-size="11">',
        '<rect width="100%" height="100%" fill="#fffdf5"/>',
        f'<text x="{MARGIN}" y="18" font-size="14">{html.escape(title)}</text>',
        f'<text x="{MARGIN}" y="34" fill="#666">Width: share of the time. A function stands on its caller. Orange: the '
        "gateway, blue: the kernel, green: libraries.</text>",
    ]

    def draw(box, left, level):
        width = box.count * scale
        top = height - MARGIN - (level + 1) * ROW
        name = box.name.removesuffix("_[k]")
        share = f"{html.escape(name)}: {100 * box.count / root.count:.1f} %"
        out.append(f'<g><title>{share}</title><rect x="{left:.1f}" y="{top}" width="{max(width - 0.4, 0.3):.1f}" '
                   f'height="{ROW - 1}" rx="1" fill="{colour(box.name)}"/>')  # fmt: skip
        letters = int((width - 6) / LETTER)
        if letters >= 4:
            shown = name if len(name) <= letters else name[: letters - 1] + "…"
            out.append(f'<text x="{left + 3:.1f}" y="{top + 12}">{html.escape(shown)}</text>')
        out.append("</g>")
        for above in sorted(box.above.values(), key=lambda one: one.name):
            if above.count >= least:
                draw(above, left, level + 1)
                left += above.count * scale

    draw(root, MARGIN, 0)
    return "\n".join([*out, "</svg>", ""])
