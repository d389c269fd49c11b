/* SPDX-License-Identifier: Apache-2.0 */
/* Symbol tables and the dynamic section of an ELF file. */
#include <string.h>

#include "elf_file.h"
#include "elf_internal.h"

/* True if `symbol` is `name`, or what link-time optimisation made of a static of that name. */
static bool is_symbol_of(const char *symbol, const char *name)
{
	size_t bytes = strlen(name);

	if (strncmp(symbol, name, bytes))
		return false;
	return !symbol[bytes] || !strncmp(symbol + bytes, ".lto_priv.", 10) || !strncmp(symbol + bytes, ".llvm.", 6);
}

struct wanted {
	const char *const *names;
	size_t n;
	hs_addr *ret;
	bool *is_found;
};

static bool is_data_or_code(const GElf_Sym *symbol)
{
	int type = GELF_ST_TYPE(symbol->st_info);

	return symbol->st_shndx != SHN_UNDEF && (type == STT_OBJECT || type == STT_FUNC || type == STT_NOTYPE);
}

static void scan_table(const struct hs_elf_file *file, Elf_Scn *section, const GElf_Shdr *header, struct wanted *wanted)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t n = data && data->d_buf && header->sh_entsize ? data->d_size / header->sh_entsize : 0;
	size_t n_left = 0;

	for (size_t i = 0; i < wanted->n; i++)
		n_left += !wanted->is_found[i];
	for (size_t i = 0; i < n && n_left; i++) {
		GElf_Sym symbol;

		if (!gelf_getsym(data, (int)i, &symbol) || !is_data_or_code(&symbol))
			continue;
		const char *name = elf_strptr(file->elf, header->sh_link, symbol.st_name);
		for (size_t w = 0; name && w < wanted->n; w++) {
			if (wanted->is_found[w] || name[0] != wanted->names[w][0] || !is_symbol_of(name, wanted->names[w]))
				continue;
			wanted->is_found[w] = true;
			wanted->ret[w] = symbol.st_value;
			n_left--;
		}
	}
}

void hs_elf_find_symbols(const struct hs_elf_file *file, const char *const *names, size_t n, hs_addr *ret)
{
	bool is_found[64] = { 0 };
	const size_t at_once = sizeof(is_found) / sizeof(is_found[0]);

	if (n > at_once) {
		hs_elf_find_symbols(file, names + at_once, n - at_once, ret + at_once);
		n = at_once;
	}
	struct wanted wanted = { names, n, ret, is_found };
	const uint32_t table_types[] = { SHT_DYNSYM, SHT_SYMTAB };
	for (size_t t = 0; t < 2; t++) {
		Elf_Scn *section = NULL;

		while ((section = elf_nextscn(file->elf, section))) {
			GElf_Shdr header;

			if (gelf_getshdr(section, &header) && header.sh_type == table_types[t])
				scan_table(file, section, &header, &wanted);
		}
	}
}

bool hs_elf_has_symbol(const struct hs_elf_file *file, const char *name)
{
	hs_addr found = (hs_addr)-1;

	hs_elf_find_symbols(file, &name, 1, &found);
	return found != (hs_addr)-1;
}

bool hs_elf_dynamic_strings(const struct hs_elf_file *file, int64_t tag, bool (*visit)(void *context, const char *text),
			    void *context)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(file->elf, section))) {
		GElf_Shdr header;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNAMIC || !header.sh_entsize)
			continue;
		Elf_Data *data = elf_getdata(section, NULL);
		for (size_t i = 0; data && data->d_buf && i < data->d_size / header.sh_entsize; i++) {
			GElf_Dyn entry;

			if (!gelf_getdyn(data, (int)i, &entry) || entry.d_tag != tag)
				continue;
			const char *text = elf_strptr(file->elf, header.sh_link, entry.d_un.d_val);
			if (text && visit(context, text))
				return true;
		}
	}
	return false;
}
