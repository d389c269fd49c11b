# SPDX-License-Identifier: Apache-2.0
# Writes OUTPUT, a C file with the texts of TABLES (a list of .layout files, separated by commas) as string literals.
string(REPLACE "," ";" TABLES "${TABLES}")
set(texts "")
set(rows "")
set(index 0)
foreach(table IN LISTS TABLES)
  file(STRINGS "${table}" lines)
  set(literal "")
  foreach(line IN LISTS lines)
    string(REPLACE "\\" "\\\\" line "${line}")
    string(REPLACE "\"" "\\\"" line "${line}")
    string(APPEND literal "\n\t\"${line}\\n\"")
  endforeach()
  string(APPEND texts "static const char table_${index}[] =${literal};\n\n")
  string(APPEND rows "\t{ table_${index}, sizeof(table_${index}) - 1 },\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE "${OUTPUT}" "/* SPDX-License-Identifier: Apache-2.0 */
/* The shipped layout tables. Made from lib/layout/tables by embed_tables.cmake: do not edit. */
#include \"table.h\"

${texts}const struct hs_shipped_table hs_shipped_tables[] = {
${rows}\t{ NULL, 0 },
};
const size_t hs_n_shipped_tables = ${index};
")
