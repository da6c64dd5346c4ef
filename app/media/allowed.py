"""What may be opened: containers and codecs by FFmpeg's names, for PyAV and for the FFmpeg program alike.

Each demuxer and decoder is code that a stranger's file reaches, and some open further files: playlists, lists of files,
series of pictures. So only what people bring as video or sound is on the list. FFmpeg looks at what the file is, not at
its name, and refuses all else before it reads on.
"""

from __future__ import annotations

CONTAINERS = (
    "mov", "mp4", "matroska", "webm", "avi", "mpegts", "mpeg", "flv", "live_flv", "asf", "ogg", "mxf", "dv", "gif",
    "nut", "ivf", "yuv4mpegpipe", "rm", "mpegvideo", "m4v", "h264", "hevc", "av1", "obu",
    "wav", "w64", "aiff", "flac", "mp3", "aac", "ac3", "eac3", "amr", "caf", "au", "dts", "ape", "tta", "wv",
)  # fmt: skip
"""Demuxers."""
VIDEO = (
    "h264", "hevc", "vvc", "av1", "libdav1d", "libaom-av1", "vp8", "vp9", "libvpx", "libvpx-vp9", "vp6", "vp6a", "vp6f",
    "mpeg1video", "mpeg2video", "mpegvideo", "mpeg4", "msmpeg4v1", "msmpeg4v2", "msmpeg4", "h261", "h263", "h263i",
    "h263p", "flv", "wmv1", "wmv2", "wmv3", "vc1", "theora", "vp3", "mjpeg", "mjpegb", "prores", "dnxhd", "dvvideo",
    "cfhd", "ffv1", "huffyuv", "ffvhuff", "utvideo", "rawvideo", "v210", "v308", "v408", "v410", "r210", "qtrle",
    "rpza", "8bps", "svq1", "svq3", "cinepak", "indeo3", "indeo4", "indeo5", "msvideo1", "msrle", "rv10", "rv20",
    "rv30", "rv40", "jpeg2000", "hap", "gif", "png", "apng", "webp", "bmp",
)  # fmt: skip
"""Decoders of pictures."""
SOUND = (
    "aac", "aac_fixed", "aac_latm", "ac3", "ac3_fixed", "eac3", "mp1", "mp1float", "mp2", "mp2float", "mp3", "mp3float",
    "opus", "libopus", "vorbis", "libvorbis", "flac", "alac", "ape", "tta", "wavpack", "truehd", "mlp", "dca",
    "amrnb", "amrwb", "libopencore_amrnb", "libopencore_amrwb", "wmav1", "wmav2", "wmapro", "wmalossless", "wmavoice",
    "cook", "sipr", "real_144", "real_288", "speex", "libspeex", "gsm", "gsm_ms", "qdm2", "qdmc", "nellymoser", "qcelp",
    "mace3", "mace6", "g722", "g726", "g726le", "g723_1", "g729", "s302m", "dvaudio",
    "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "adpcm_swf", "adpcm_yamaha", "adpcm_g722", "adpcm_g726",
    *(f"pcm_{form}" for form in (
        "alaw", "mulaw", "s8", "u8", "bluray", "dvd", "s8_planar", "s16le_planar", "s24le_planar", "s32le_planar",
        *(f"{kind}{order}" for kind in ("s16", "s24", "s32", "s64", "u16", "u24", "u32", "f32", "f64") for order in (
            "le", "be"
        )),
    )),
)  # fmt: skip
"""Decoders of sound."""
SUBTITLES = ("ass", "ssa", "srt", "subrip", "webvtt", "mov_text", "text", "dvdsub", "dvbsub", "pgssub", "cc_dec")
"""Decoders of subtitles."""
CODECS = frozenset((*VIDEO, *SOUND, *SUBTITLES))
MAX_STREAMS = 100
MAX_PIXELS = 72_000_000
"""Of a picture: twice an 8K one."""
MAX_PACKETS = 8_000_000
"""In a file: ten hours of video and sound have a third of that."""
OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": ",".join(CONTAINERS),
    "codec_whitelist": ",".join(sorted(CODECS)),
    "max_streams": str(MAX_STREAMS),
}
"""How FFmpeg opens a file."""
