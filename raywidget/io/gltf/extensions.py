"""Extensions of glTF for materials that are known here, by Khronos's names."""

CLEARCOAT = "KHR_materials_clearcoat"
EMISSIVE_STRENGTH = "KHR_materials_emissive_strength"
IOR = "KHR_materials_ior"
SHEEN = "KHR_materials_sheen"
SPECULAR = "KHR_materials_specular"
TRANSMISSION = "KHR_materials_transmission"
UNLIT = "KHR_materials_unlit"
VOLUME = "KHR_materials_volume"
SPECULAR_GLOSSINESS = "KHR_materials_pbrSpecularGlossiness"

KNOWN = (
    CLEARCOAT,
    EMISSIVE_STRENGTH,
    IOR,
    SHEEN,
    SPECULAR,
    TRANSMISSION,
    UNLIT,
    VOLUME,
    SPECULAR_GLOSSINESS,
)
