# native_prelude.cmake: headers as one array of characters, without what they include of this project.
set(bytes "")
foreach(part IN LISTS PARTS)
  file(READ ${part} text)
  string(REGEX REPLACE "#include \"[^\"]*\"\n" "" text "${text}")
  file(WRITE ${TO}.part "${text}")
  file(READ ${TO}.part hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," hex "${hex}")
  string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)"
    "\\1\n" hex "${hex}")
  string(APPEND bytes "${hex}")
endforeach()
file(REMOVE ${TO}.part)
file(WRITE ${TO} "/* Written by native_prelude.cmake. */\nstatic const char native_prelude[] = {\n${bytes}0};\n")
