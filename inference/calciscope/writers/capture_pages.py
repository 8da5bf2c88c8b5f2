"""Pictures of a report as pages of pixels, for viewers that show images and nothing else.

Each page bears its title and the notice, since a picture is easily parted from its report.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import matplotlib
from PIL import Image, ImageDraw, ImageFont

from calciscope.findings import NOTICE, Findings
from calciscope.labels import Compartment
from calciscope.writers import wording
from calciscope.writers.gallery import CloseUp
from calciscope.writers.pictures import AXIAL, CORONAL, SAGITTAL, Edges, Picture, compartment_color
from calciscope.writers.projections import Projection
from calciscope.writers.report_burden import burden_groups, compartments_found
from calciscope.writers.report_texts import close_up_lines, key_figures, title
from calciscope.writers.spect.pictures import SpectPictures
from calciscope.writers.spect.planar import ANTERIOR, POSTERIOR
from calciscope.writers.spect.texts import slice_lines, uptake_figures, uptake_summary

TITLE = "Calciscope"
MARGIN_PX = 24
BAR_PX = 56
CAPTION_PX = 72
TEXT_WIDTH_PX = 1000
SHEET_COLUMNS = 4
FONT_FOLDER = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
LINE_PX = 24
WHITE, AMBER = "#FFFFFF", "#FFC857"


@dataclass(frozen=True)
class CapturePage:
    """One page.

    Attributes:
        title: what it shows.
        png: the page.
        edges: sides of the patient at its edges; None where the page shows no plane.
    """

    title: str
    png: bytes
    edges: Edges | None = None


def capture_pages(
    findings: Findings,
    projections: Sequence[Projection],
    close_ups: Sequence[CloseUp],
    spect: SpectPictures | None = None,
) -> tuple[CapturePage, ...]:
    """A page of words and figures, one for each projection, one of the largest lesions.

    With SPECT also the fused projection, both planar-like views, and slices through hot spots.
    """
    pages = [CapturePage("Summary", _summary(findings))]
    legend = compartments_found(findings.ct.burden)
    for projection in projections:
        picture = _opened(projection.picture.png)
        edges = CORONAL if projection.title.startswith("Coronal") else SAGITTAL
        page = _framed(picture, f"{projection.title}, maximum intensity", legend)
        pages.append(CapturePage(projection.title, page, edges))
    if close_ups:
        name = "Largest lesions, axial"
        pages.append(CapturePage(name, _framed(_lesion_sheet(close_ups), name, legend), AXIAL))
    return (*pages, *(_spect_pages(spect) if spect is not None else ()))


def _spect_pages(spect: SpectPictures) -> list[CapturePage]:
    views = [(spect.fused, CORONAL, "maximum intensity")]
    views += [
        (view, edges, "planar-like view from SPECT")
        for view, edges in zip(spect.planar, (ANTERIOR, POSTERIOR), strict=True)
    ]
    pages = [
        CapturePage(view.title, _framed(_opened(view.picture.png), f"{view.title}, {kind}"), edges)
        for view, edges, kind in views
    ]
    if spect.axial:
        name = "CT and SPECT fused, axial"
        sheet = _sheet(
            [
                (cut.picture, "\n".join((f"Hot spot {cut.spot.id}", *slice_lines(cut))))
                for cut in spect.axial
            ]
        )
        pages.append(CapturePage(name, _framed(sheet, name), AXIAL))
    return pages


def _summary(findings: Findings) -> bytes:
    """The figures a reader looks for first, as text."""
    ct = findings.ct
    figures = (*key_figures(ct), *uptake_figures(findings.spect))
    lines = [
        *textwrap.wrap(f"{wording.summary_sentence(ct)} {uptake_summary(findings)}", 96),
        "",
        *(f"{figure.value:>12}  {figure.name}" for figure in figures),
        "",
    ]
    if ct.lesions:
        head = ("lesions", "mm³", "mm³ pv", "mg HA", "Agatston-like")
        lines.append(f"{'':<34}" + "".join(f"{name:>14}" for name in head))
        for group in burden_groups(ct.burden):
            for row in group.rows:
                # "All" without its "all sides" is what it says.
                is_all = group.title == "All" and row.is_sum
                name = "All" if is_all else f"{group.title}, {row.side}"
                lines.append(f"{name:<34}" + "".join(f"{cell:>14}" for cell in row.cells))
        lines.append("")
    if findings.conclusion:
        lines += textwrap.wrap(" ".join(findings.conclusion.sentences), 96)
    font = _font("DejaVuSansMono.ttf", 16)
    width = max(TEXT_WIDTH_PX, *(int(font.getlength(line)) for line in lines))
    image = Image.new("RGB", (width, LINE_PX * max(len(lines), 1)))
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((0, LINE_PX * number), line, font=font, fill=WHITE)
    return _framed(image, title(findings))


def _lesion_sheet(close_ups: Sequence[CloseUp]) -> Image.Image:
    """Close-ups in rows, each under its number."""
    captioned = []
    for close_up in close_ups:
        where, figures, slice_text = close_up_lines(close_up)
        text = f"Lesion {close_up.lesion.id}: {where}\n{figures}\n{slice_text}"
        captioned.append((close_up.picture, text))
    return _sheet(captioned)


def _sheet(captioned: Sequence[tuple[Picture, str]]) -> Image.Image:
    """Pictures in rows, each under its words."""
    pictures = [_opened(picture.png) for picture, _ in captioned]
    width = max(picture.width for picture in pictures) + MARGIN_PX
    height = max(picture.height for picture in pictures) + CAPTION_PX
    columns = min(SHEET_COLUMNS, len(pictures))
    sheet = Image.new("RGB", (columns * width, -(-len(pictures) // columns) * height))
    draw = ImageDraw.Draw(sheet)
    for place, ((_, text), picture) in enumerate(zip(captioned, pictures, strict=True)):
        x, y = place % columns * width, place // columns * height
        draw.text((x, y), text, font=_font("DejaVuSans.ttf", 14), fill=WHITE)
        sheet.paste(picture, (x, y + CAPTION_PX - 8))
    return sheet


def _framed(content: Image.Image, name: str, legend: Sequence[Compartment] = ()) -> bytes:
    """A page: title above, what the colors mean and the notice below."""
    bold, plain = _font("DejaVuSans-Bold.ttf", 20), _font("DejaVuSans.ttf", 15)
    heading = f"{TITLE} · {name}"
    names = [(wording.compartment_text(c), compartment_color(c)) for c in legend]
    widths = [int(plain.getlength(f"■ {name}   ")) for name, _ in names]
    texts = bold.getlength(heading), plain.getlength(NOTICE), float(sum(widths))
    width = max(content.width, *(int(text) for text in texts))
    rows = BAR_PX + (LINE_PX if names else 0)
    size = (width + 2 * MARGIN_PX, BAR_PX + content.height + rows)
    page = Image.new("RGB", size)
    draw = ImageDraw.Draw(page)
    draw.text((MARGIN_PX, 16), heading, font=bold, fill=WHITE)
    page.paste(content, ((size[0] - content.width) // 2, BAR_PX))
    x = MARGIN_PX
    for (name, color), step in zip(names, widths, strict=True):
        draw.text((x, BAR_PX + content.height + 10), "■", font=plain, fill=color)
        indent = plain.getlength("■ ")
        draw.text((x + indent, BAR_PX + content.height + 10), name, font=plain, fill=WHITE)
        x += step
    draw.text((MARGIN_PX, size[1] - BAR_PX + 18), NOTICE, font=plain, fill=AMBER)
    stream = BytesIO()
    page.save(stream, format="PNG")
    return stream.getvalue()


def _opened(png: bytes) -> Image.Image:
    with Image.open(BytesIO(png)) as image:
        return image.convert("RGB")


@cache
def _font(name: str, size_px: int) -> ImageFont.FreeTypeFont:
    """A font that comes with matplotlib, so that pages look alike everywhere."""
    return ImageFont.truetype(FONT_FOLDER / name, size_px)
