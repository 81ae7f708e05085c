"""Chemical elements: colours and radii; see `atoms` for where they are from."""

from __future__ import annotations

from typing import NamedTuple


class Element(NamedTuple):
    """How an element is drawn."""

    color: str  # sRGB
    covalent: float  # radius in angstroms
    van_der_waals: float


# Symbol, colour, covalent radius, van der Waals radius. X is what is not known.
_TABLE = """
X #ff1493 0.70 1.70, H #ffffff 0.31 1.20, He #d9ffff 0.28 1.40, Li #cc80ff 1.28 1.82,
Be #c2ff00 0.96 1.53, B #ffb5b5 0.84 1.92, C #909090 0.76 1.70, N #3050f8 0.71 1.55,
O #ff0d0d 0.66 1.52, F #90e050 0.57 1.47, Ne #b3e3f5 0.58 1.54, Na #ab5cf2 1.66 2.27,
Mg #8aff00 1.41 1.73, Al #bfa6a6 1.21 1.84, Si #f0c8a0 1.11 2.10, P #ff8000 1.07 1.80,
S #ffff30 1.05 1.80, Cl #1ff01f 1.02 1.75, Ar #80d1e3 1.06 1.88, K #8f40d4 2.03 2.75,
Ca #3dff00 1.76 2.31, Sc #e6e6e6 1.70 2.58, Ti #bfc2c7 1.60 2.46, V #a6a6ab 1.53 2.42,
Cr #8a99c7 1.39 2.45, Mn #9c7ac7 1.39 2.45, Fe #e06633 1.32 2.44, Co #f090a0 1.26 2.40,
Ni #50d050 1.24 1.63, Cu #c88033 1.32 1.40, Zn #7d80b0 1.22 1.39, Ga #c28f8f 1.22 1.87,
Ge #668f8f 1.20 2.11, As #bd80e3 1.19 1.85, Se #ffa100 1.20 1.90, Br #a62929 1.20 1.85,
Kr #5cb8d1 1.16 2.02, Rb #702eb0 2.20 3.03, Sr #00ff00 1.95 2.49, Y #94ffff 1.90 2.75,
Zr #94e0e0 1.75 2.52, Nb #73c2c9 1.64 2.56, Mo #54b5b5 1.54 2.45, Tc #3b9e9e 1.47 2.44,
Ru #248f8f 1.46 2.46, Rh #0a7d8c 1.42 2.44, Pd #006985 1.39 1.63, Ag #c0c0c0 1.45 1.72,
Cd #ffd98f 1.44 1.58, In #a67573 1.42 1.93, Sn #668080 1.39 2.17, Sb #9e63b5 1.39 2.06,
Te #d47a00 1.38 2.06, I #940094 1.39 1.98, Xe #429eb0 1.40 2.16, Cs #57178f 2.44 3.43,
Ba #00c900 2.15 2.49, La #70d4ff 2.07 2.98, Ce #ffffc7 2.04 2.88, Pr #d9ffc7 2.03 2.92,
Nd #c7ffc7 2.01 2.95, Pm #a3ffc7 1.99 2.00, Sm #8fffc7 1.98 2.90, Eu #61ffc7 1.98 2.87,
Gd #45ffc7 1.96 2.83, Tb #30ffc7 1.94 2.79, Dy #1fffc7 1.92 2.87, Ho #00ff9c 1.92 2.81,
Er #00e675 1.89 2.83, Tm #00d452 1.90 2.79, Yb #00bf38 1.87 2.80, Lu #00ab24 1.87 2.74,
Hf #4dc2ff 1.75 2.63, Ta #4da6ff 1.70 2.53, W #2194d6 1.62 2.57, Re #267dab 1.51 2.49,
Os #266696 1.44 2.48, Ir #175487 1.41 2.41, Pt #d0d0e0 1.36 1.75, Au #ffd123 1.36 1.66,
Hg #b8b8d0 1.32 1.55, Tl #a6544d 1.45 1.96, Pb #575961 1.46 2.02, Bi #9e4fb5 1.48 2.07,
Po #ab5c00 1.40 1.97, At #754f45 1.50 2.02, Rn #428296 1.50 2.20, Fr #420066 2.60 3.48,
Ra #007d00 2.21 2.83, Ac #70abfa 2.15 2.80, Th #00baff 2.06 2.93, Pa #00a1ff 2.00 2.88,
U #008fff 1.96 1.86, Np #0080ff 1.90 2.82, Pu #006bff 1.87 2.81, Am #545cf2 1.80 2.83,
Cm #785ce3 1.69 3.05, Bk #8a4fe3 2.00 3.40, Cf #a136d4 2.00 3.05, Es #b31fd4 2.00 2.70,
Fm #b31fba 2.00 2.00, Md #b30da6 2.00 2.00, No #bd0d87 2.00 2.00, Lr #c70066 2.00 2.00
"""


def _parse(text: str) -> dict[str, Element]:
    rows = [row.split() for row in text.replace("\n", " ").split(",")]
    return {
        symbol: Element(color, float(covalent), float(van_der_waals))
        for symbol, color, covalent, van_der_waals in rows
    }


ELEMENTS = _parse(_TABLE)
