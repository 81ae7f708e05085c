"""What there is machine code for."""

from __future__ import annotations

from typing import NamedTuple

# What the levels of x86-64 have, as LLVM names it (x86-64 psABI, 1.0, table 3.1).
_V2 = "sse3 ssse3 sse4.1 sse4.2 popcnt cx16 sahf"
_V3 = f"{_V2} avx avx2 bmi bmi2 f16c fma lzcnt movbe xsave crc32"
_V4 = f"{_V3} avx512f avx512bw avx512cd avx512dq avx512vl evex512"


class Processor(NamedTuple):
    """A kind of processors."""

    cpu: str  # as LLVM names it
    features: str
    base: str  # the level that numba compiles for, whose vectors are as wide

    def flags(self) -> str:
        """Features as LLVM takes them."""
        return ",".join(f"+{feature}" for feature in self.features.split())


PROCESSORS = {
    "v2": Processor("x86-64-v2", _V2, "v3"),
    "v3": Processor("x86-64-v3", _V3, "v3"),
    "v4": Processor("x86-64-v4", _V4, "v4"),
    "v8": Processor("generic", "neon", "v3"),  # ARMv8-A, 64 bits
}
BASES = ("v3", "v4")
"""Levels that numba compiles for; code for the others is made of what it writes for these."""


class System(NamedTuple):
    """A kind of machines that has a wheel."""

    name: str  # as `sys.platform` and `machine_code.machine` say
    triple: str  # as LLVM names it
    zig: str  # as zig names it, whose linker has what macOS offers
    levels: tuple[str, ...]
    tag: str  # of the wheel


SYSTEMS = {
    system.name: system
    for system in (
        System(
            "linux-x86_64",
            "x86_64-unknown-linux-gnu",
            "",
            ("v2", "v3", "v4"),
            "py3-none-manylinux_2_17_x86_64.musllinux_1_1_x86_64",
        ),
        System(
            "linux-aarch64",
            "aarch64-unknown-linux-gnu",
            "",
            ("v8",),
            "py3-none-manylinux_2_17_aarch64.musllinux_1_1_aarch64",
        ),
        System(
            "darwin-aarch64",
            "arm64-apple-macosx11.0.0",
            "aarch64-macos.11.0",
            ("v8",),
            "py3-none-macosx_11_0_arm64",
        ),
        System(
            "darwin-x86_64",
            "x86_64-apple-macosx10.15.0",
            "x86_64-macos.10.15",
            ("v2", "v3"),  # Rosetta has no AVX; few Macs had AVX-512
            "py3-none-macosx_10_15_x86_64",
        ),
        System(
            "win32-x86_64",
            "x86_64-pc-windows-msvc",
            "",
            ("v2", "v3", "v4"),
            "py3-none-win_amd64",
        ),
    )
}
HERE = "linux-x86_64"
"""The system that all of them are built on."""
