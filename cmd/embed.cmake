# SPDX-License-Identifier: Apache-2.0
# cmake -DINPUT=file -DOUTPUT=file.c -DNAME=symbol -P embed.cmake: the input's bytes as a C array and its length.
file(READ "${INPUT}" hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR bytes "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," array "${hex}")
file(WRITE "${OUTPUT}" "#include \"${NAME}.h\"\nconst char hs_${NAME}[] = { ${array} };\nconst size_t hs_${NAME}_bytes = ${bytes};\n")
