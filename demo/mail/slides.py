"""Presentations, each the least that Impress and PowerPoint open without a word."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from demo.mail.office import XML_HEAD, archive, content_types, open_document, relations

PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
ODP = "application/vnd.oasis.opendocument.presentation"

_PART = "application/vnd.openxmlformats-officedocument.presentationml"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_SPACES = (
    f'xmlns:a="{_DRAWING}" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
)
# 16 to 9, as both programs begin today: 33.867 cm by 19.05 cm, in English Metric Units.
_WIDTH, _HEIGHT = 12192000, 6858000


@dataclass(frozen=True)
class Slide:
    """A title over some points; `colour` is the ground's, as "1F3373"."""

    title: str
    points: Sequence[str] = ()
    colour: str = "FFFFFF"

    @property
    def ink(self) -> str:
        """White on a dark ground, dark on a light one."""
        lightness = sum(int(self.colour[at : at + 2], 16) for at in (0, 2, 4))
        return "1A2233" if lightness > 384 else "FFFFFF"


# --- OpenDocument ---


def odp(slides: Sequence[Slide]) -> bytes:
    pages = "".join(_odp_page(number, slide) for number, slide in enumerate(slides, 1))
    styles = _BARE + "".join(_odp_styles(n, slide) for n, slide in enumerate(slides, 1))
    layout = (
        '<style:page-layout style:name="Ecran"><style:page-layout-properties '
        'fo:page-width="28cm" fo:page-height="15.75cm" fo:margin="0cm"/></style:page-layout>'
    )
    master = '<style:master-page style:name="Base" style:page-layout-name="Ecran"/>'
    return open_document(
        ODP,
        f"<office:presentation>{pages}</office:presentation>",
        automatic=styles,
        page=f"<office:automatic-styles>{layout}</office:automatic-styles>"
        f"<office:master-styles>{master}</office:master-styles>",
    )


# Without it Impress draws its own blue box.
_BARE = (
    '<style:style style:name="Nu" style:family="graphic">'
    '<style:graphic-properties draw:fill="none" draw:stroke="none"/></style:style>'
)


def _odp_styles(number: int, slide: Slide) -> str:
    def words(name: str, size: int, weight: str) -> str:
        return (
            f'<style:style style:name="{name}{number}" style:family="paragraph">'
            '<style:paragraph-properties fo:margin-bottom="0.3cm"/><style:text-properties '
            f'fo:font-size="{size}pt" fo:font-weight="{weight}" fo:color="#{slide.ink}"/>'
            "</style:style>"
        )

    ground = (
        f'<style:style style:name="Fond{number}" style:family="drawing-page">'
        f'<style:drawing-page-properties draw:fill="solid" draw:fill-color="#{slide.colour}" '
        'presentation:background-visible="true"/></style:style>'
    )
    return ground + words("Titre", 32, "bold") + words("Point", 22, "normal")


def _odp_page(number: int, slide: Slide) -> str:
    def box(top: str, height: str, paragraphs: str) -> str:
        return (
            f'<draw:frame draw:style-name="Nu" svg:x="2cm" svg:y="{top}" svg:width="24cm" '
            f'svg:height="{height}">'
            f"<draw:text-box>{paragraphs}</draw:text-box></draw:frame>"
        )

    title = f'<text:p text:style-name="Titre{number}">{escape(slide.title)}</text:p>'
    points = "".join(
        f'<text:p text:style-name="Point{number}">• {escape(point)}</text:p>'
        for point in slide.points
    )
    return (
        f'<draw:page draw:name="page{number}" draw:style-name="Fond{number}" '
        f'draw:master-page-name="Base">{box("1.5cm", "3cm", title)}'
        f"{box('5.5cm', '9cm', points) if points else ''}</draw:page>"
    )


# --- PowerPoint (ECMA-376 part 1, clause 19) ---


def pptx(slides: Sequence[Slide]) -> bytes:
    """With the one master, layout and theme that PowerPoint insists on."""
    numbers = range(1, len(slides) + 1)
    kinds = {
        "/ppt/presentation.xml": f"{_PART}.presentation.main+xml",
        "/ppt/slideMasters/slideMaster1.xml": f"{_PART}.slideMaster+xml",
        "/ppt/slideLayouts/slideLayout1.xml": f"{_PART}.slideLayout+xml",
        "/ppt/theme/theme1.xml": "application/vnd.openxmlformats-officedocument.theme+xml",
        **{f"/ppt/slides/slide{number}.xml": f"{_PART}.slide+xml" for number in numbers},
    }
    ties = {
        "rId1": ("slideMaster", "slideMasters/slideMaster1.xml"),
        **{f"rId{number + 1}": ("slide", f"slides/slide{number}.xml") for number in numbers},
    }
    files = {
        "[Content_Types].xml": content_types(kinds),
        "_rels/.rels": relations({"rId1": ("officeDocument", "ppt/presentation.xml")}),
        "ppt/presentation.xml": _presentation(numbers),
        "ppt/_rels/presentation.xml.rels": relations(ties),
        "ppt/slideMasters/slideMaster1.xml": _MASTER,
        "ppt/slideMasters/_rels/slideMaster1.xml.rels": relations(
            {
                "rId1": ("slideLayout", "../slideLayouts/slideLayout1.xml"),
                "rId2": ("theme", "../theme/theme1.xml"),
            }
        ),
        "ppt/slideLayouts/slideLayout1.xml": _LAYOUT,
        "ppt/slideLayouts/_rels/slideLayout1.xml.rels": relations(
            {"rId1": ("slideMaster", "../slideMasters/slideMaster1.xml")}
        ),
        "ppt/theme/theme1.xml": _THEME,
    }
    for number, slide in enumerate(slides, 1):
        files[f"ppt/slides/slide{number}.xml"] = _pptx_slide(slide)
        files[f"ppt/slides/_rels/slide{number}.xml.rels"] = relations(
            {"rId1": ("slideLayout", "../slideLayouts/slideLayout1.xml")}
        )
    return archive(files)


def _presentation(numbers: Sequence[int]) -> str:
    listed = "".join(f'<p:sldId id="{255 + n}" r:id="rId{n + 1}"/>' for n in numbers)
    return (
        f"{XML_HEAD}<p:presentation {_SPACES}><p:sldMasterIdLst>"
        '<p:sldMasterId id="2147483648" r:id="rId1"/></p:sldMasterIdLst>'
        f"<p:sldIdLst>{listed}</p:sldIdLst>"
        f'<p:sldSz cx="{_WIDTH}" cy="{_HEIGHT}"/><p:notesSz cx="{_HEIGHT}" cy="{_WIDTH}"/>'
        "</p:presentation>"
    )


def _pptx_slide(slide: Slide) -> str:
    title = _pptx_box(2, "title", 650000, 1200000, [slide.title], slide.ink, 3600, bold=True)
    points = [f"• {point}" for point in slide.points]
    body = _pptx_box(3, "body", 2200000, 4000000, points, slide.ink, 2200) if points else ""
    ground = (
        f'<p:bg><p:bgPr><a:solidFill><a:srgbClr val="{slide.colour}"/></a:solidFill>'
        "<a:effectLst/></p:bgPr></p:bg>"
    )
    return (
        f"{XML_HEAD}<p:sld {_SPACES}><p:cSld>{ground}<p:spTree>{_TREE}{title}{body}</p:spTree>"
        "</p:cSld><p:clrMapOvr><a:masterClrMapping/></p:clrMapOvr></p:sld>"
    )


def _pptx_box(
    number: int,
    name: str,
    top: int,
    height: int,
    lines: Sequence[str],
    ink: str,
    size: int,
    *,
    bold: bool = False,
) -> str:
    """A box of text as wide as the slide; `top` and `height` in English Metric Units, `size` in
    hundredths of a point."""
    words = "".join(
        f'<a:p><a:pPr><a:spcAft><a:spcPts val="900"/></a:spcAft></a:pPr><a:r>'
        f'<a:rPr lang="fr-FR" sz="{size}" b="{int(bold)}"><a:solidFill>'
        f'<a:srgbClr val="{ink}"/></a:solidFill></a:rPr><a:t>{escape(line)}</a:t></a:r></a:p>'
        for line in lines
    )
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{number}" name="{name}"/><p:cNvSpPr txBox="1"/><p:nvPr/>'
        '</p:nvSpPr><p:spPr><a:xfrm><a:off x="850000" y="'
        f'{top}"/><a:ext cx="{_WIDTH - 1700000}" cy="{height}"/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr>'
        f'<p:txBody><a:bodyPr wrap="square"/><a:lstStyle/>{words}</p:txBody></p:sp>'
    )


_TREE = (
    '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr>'
    '<p:grpSpPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="0" cy="0"/><a:chOff x="0" y="0"/>'
    '<a:chExt cx="0" cy="0"/></a:xfrm></p:grpSpPr>'
)
_MASTER = (
    f"{XML_HEAD}<p:sldMaster {_SPACES}><p:cSld><p:bg><p:bgPr><a:solidFill>"
    '<a:srgbClr val="FFFFFF"/></a:solidFill><a:effectLst/></p:bgPr></p:bg>'
    f"<p:spTree>{_TREE}</p:spTree></p:cSld>"
    '<p:clrMap bg1="lt1" tx1="dk1" bg2="lt2" tx2="dk2" accent1="accent1" accent2="accent2" '
    'accent3="accent3" accent4="accent4" accent5="accent5" accent6="accent6" hlink="hlink" '
    'folHlink="folHlink"/><p:sldLayoutIdLst><p:sldLayoutId id="2147483649" r:id="rId1"/>'
    "</p:sldLayoutIdLst></p:sldMaster>"
)
_LAYOUT = (
    f'{XML_HEAD}<p:sldLayout {_SPACES} type="blank"><p:cSld><p:spTree>{_TREE}</p:spTree></p:cSld>'
    "<p:clrMapOvr><a:masterClrMapping/></p:clrMapOvr></p:sldLayout>"
)
_COLOURS = {
    "dk1": "1A2233", "lt1": "FFFFFF", "dk2": "1F3373", "lt2": "EBEFF6", "accent1": "2C479F",
    "accent2": "1F5E56", "accent3": "C2500A", "accent4": "7D4A00", "accent5": "B3261E",
    "accent6": "58637A", "hlink": "2A459E", "folHlink": "58637A",
}  # fmt: skip
_FONT = '<a:latin typeface="Calibri"/><a:ea typeface=""/><a:cs typeface=""/>'
_FILL = '<a:solidFill><a:schemeClr val="phClr"/></a:solidFill>'
_THEME = (
    f'{XML_HEAD}<a:theme xmlns:a="{_DRAWING}" name="Base"><a:themeElements>'
    '<a:clrScheme name="Base">'
    + "".join(f'<a:{k}><a:srgbClr val="{v}"/></a:{k}>' for k, v in _COLOURS.items())
    + f'</a:clrScheme><a:fontScheme name="Base"><a:majorFont>{_FONT}</a:majorFont>'
    f"<a:minorFont>{_FONT}</a:minorFont></a:fontScheme>"
    f'<a:fmtScheme name="Base"><a:fillStyleLst>{_FILL * 3}</a:fillStyleLst><a:lnStyleLst>'
    + f'<a:ln w="9525">{_FILL}</a:ln>' * 3
    + "</a:lnStyleLst><a:effectStyleLst>"
    + "<a:effectStyle><a:effectLst/></a:effectStyle>" * 3
    + f"</a:effectStyleLst><a:bgFillStyleLst>{_FILL * 3}</a:bgFillStyleLst></a:fmtScheme>"
    "</a:themeElements></a:theme>"
)
