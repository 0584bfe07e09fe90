"""Formats of pictures that are not read: first bytes, suffixes, and how to convert each."""

from pipeline.modalities.prepared import UnreadFormat

MAGICK = "magick a.{0} a.png"
TRUEVISION = UnreadFormat("a TGA picture", MAGICK.format("tga"))
RAW_SUFFIXES = (
    ".dng", ".nef", ".nrw", ".cr2", ".cr3", ".crw", ".arw", ".srf", ".sr2", ".raf", ".rw2", ".orf",
    ".pef", ".x3f", ".mrw", ".3fr", ".iiq", ".erf", ".srw",
)  # fmt: skip
CAMERA_RAW = UnreadFormat("a camera's RAW picture", "darktable-cli a.dng a.jpg, or dcraw -T a.dng")
UNREAD_FORMATS: tuple[tuple[bytes, UnreadFormat, tuple[str, ...]], ...] = (
    (
        rb"....ftyp(?:avi[fs]|.{8,40}avif)",
        UnreadFormat("an AVIF picture", "avifdec a.avif a.png"),
        (".avif", ".avifs"),
    ),
    (
        rb"....ftyp(?:hei|hev|mif|msf)",
        UnreadFormat(
            "a HEIC photo", "heif-convert a.heic a.jpg, or on macOS sips -s format jpeg a.heic"
        ),
        (".heic", ".heif", ".hif"),
    ),
    (
        rb"\0\0\0\x0cJXL |\xff\x0a",
        UnreadFormat("a JPEG XL picture", "djxl a.jxl a.png"),
        (".jxl",),
    ),
    (
        rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51",
        UnreadFormat("a JPEG 2000 picture", "opj_decompress -i a.jp2 -o a.png"),
        (".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
    ),
    (
        rb"\xff\xd8\xff\xf7",
        UnreadFormat("a JPEG-LS picture", "ffmpeg -i a.jls a.png"),
        (".jls",),
    ),
    (
        rb"II\xbc",
        UnreadFormat("a JPEG XR picture", "JxrDecApp -i a.jxr -o a.bmp"),
        (".jxr", ".wdp", ".hdp"),
    ),
    (rb"BPG\xfb", UnreadFormat("a BPG picture", "bpgdec -o a.png a.bpg"), (".bpg",)),
    (rb"qoif", UnreadFormat("a QOI picture", MAGICK.format("qoi")), (".qoi",)),
    (rb"8BPS", UnreadFormat("a Photoshop document", "magick 'a.psd[0]' a.png"), (".psd", ".psb")),
    (rb"gimp xcf", UnreadFormat("a GIMP document", MAGICK.format("xcf")), (".xcf",)),
    (
        rb"(?:\s*<.{0,400}?<svg|\s*<svg)",
        UnreadFormat("an SVG drawing", "rsvg-convert -o a.png a.svg"),
        (".svg", ".svgz"),
    ),
    (
        rb".{128}DICM",
        UnreadFormat("a DICOM file", "dcmj2pnm +on a.dcm a.png, with a window that fits"),
        (".dcm", ".dicom"),
    ),
    (
        rb".{344}n[+i]1\0",
        UnreadFormat("a NIfTI volume", "save its slices as 8-bit PNG (nibabel reads it)"),
        (".nii",),
    ),
    (
        rb"SIMPLE  =",
        UnreadFormat("a FITS picture", "scale it to 8 bits and save it as PNG (astropy reads it)"),
        (".fits", ".fit", ".fts"),
    ),
    (rb"v/1\x01", UnreadFormat("an OpenEXR picture", MAGICK.format("exr")), (".exr",)),
    (rb"#\?(?:RADIANCE|RGBE)", UnreadFormat("a Radiance picture", MAGICK.format("hdr")), ()),
    (rb"P[Ff]\s", UnreadFormat("a PFM picture of floats", MAGICK.format("pfm")), (".pfm",)),
    (
        rb"IIU\0|IIR[OS]|MMOR|FUJIFILMCCD-RAW|\0MRM|FOVb|II\*\0....CR\x02|....ftypcrx",
        CAMERA_RAW,
        RAW_SUFFIXES,
    ),
    (
        rb"\0\0[\x01\x02]\0[^\0]\0",
        UnreadFormat("an icon", MAGICK.format("ico")),
        (".ico", ".cur"),
    ),
    (rb"icns", UnreadFormat("an icon of macOS", MAGICK.format("icns")), (".icns",)),
    (rb"DDS ", UnreadFormat("a DDS texture", MAGICK.format("dds")), (".dds",)),
    (
        rb"\x0a[\0-\x05]\x01[\x01\x02\x04\x08]",
        UnreadFormat("a PCX picture", MAGICK.format("pcx")),
        (".pcx",),
    ),
    (
        rb"\x01\xda[\0\x01][\x01\x02]",
        UnreadFormat("an SGI picture", MAGICK.format("sgi")),
        (".sgi",),
    ),
    (rb"\x59\xa6\x6a\x95", UnreadFormat("a Sun raster", MAGICK.format("ras")), (".ras",)),
    (
        rb"#define \S+_width|/\* XPM \*/",
        UnreadFormat("an X bitmap", MAGICK.format("xpm")),
        (".xbm", ".xpm"),
    ),
    (
        rb"%!PS|\xc5\xd0\xd3\xc6",
        UnreadFormat("a PostScript drawing", "gs -sDEVICE=png16m -o a.png a.eps"),
        (".eps",),
    ),
    (
        rb"\xd7\xcd\xc6\x9a|\x01\0\0\0.{36} EMF",
        UnreadFormat("a Windows metafile", MAGICK.format("emf")),
        (".wmf", ".emf"),
    ),
    (rb"AT&TFORM", UnreadFormat("a DjVu document", "ddjvu -format=tiff a.djvu a.tif"), (".djvu",)),
    (
        rb"....ftyp|....moov|RIFF....AVI |\x1a\x45\xdf\xa3|\0\0\x01[\xba\xb3]"
        rb"|\x30\x26\xb2\x75|FLV\x01",
        UnreadFormat("a video", "ffmpeg -i a.mp4 a%05d.jpg takes its frames"),
        (),  # often beside a photo of the same name, which is the example
    ),
    (
        rb".[\0\x01][\x01\x02\x03\x09\x0a\x0b].{13}[\x08\x0f\x10\x18\x20][\0\x08\x20\x28]",
        TRUEVISION,
        (".tga",),
    ),
)
UNREAD_SUFFIXES = frozenset(suffix for *_, suffixes in UNREAD_FORMATS for suffix in suffixes)
