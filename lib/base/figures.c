/* SPDX-License-Identifier: Apache-2.0 */
/* Figures for people. Knows nothing of what is counted. */
#include "figures.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *hs_text_count(char *ret, uint64_t count)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);
	char *out = ret;

	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
	return ret;
}

const char *hs_text_count_change(char *ret, int64_t count)
{
	if (!count)
		return strcpy(ret, "0");
	ret[0] = count < 0 ? '-' : '+';
	hs_text_count(ret + 1, count < 0 ? 0 - (uint64_t)count : (uint64_t)count);
	return ret;
}

const char *hs_text_short_count(char *ret, uint64_t count)
{
	static const char units[] = { 'k', 'M', 'G', 'T' };
	double value = (double)count;
	int unit = -1;

	if (count < 10000)
		return hs_text_count(ret, count);
	while (value >= 999.5 && unit + 1 < (int)sizeof(units)) {
		value /= 1000;
		unit++;
	}
	snprintf(ret, HS_FIGURE_BYTES, "%.*f %c", value < 99.95 ? 2 : 1, value, units[unit]);
	return ret;
}

const char *hs_text_size(char *ret, uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1023.5 && unit + 1 < sizeof(units) / sizeof(*units)) {
		value /= 1024;
		unit++;
	}
	snprintf(ret, HS_FIGURE_BYTES - 1, "%.*f %s", unit && value < 99.95 ? 1 : 0, value, units[unit]);
	return ret;
}

const char *hs_text_size_change(char *ret, int64_t bytes)
{
	if (!bytes)
		return strcpy(ret, "0");
	ret[0] = bytes < 0 ? '-' : '+';
	hs_text_size(ret + 1, bytes < 0 ? 0 - (uint64_t)bytes : (uint64_t)bytes);
	return ret;
}

const char *hs_text_seconds(char *ret, uint64_t ns)
{
	snprintf(ret, HS_FIGURE_BYTES, "%.*f s", ns < 10000000ull ? 4 : 3, (double)ns / 1e9);
	return ret;
}

const char *hs_text_age(char *ret, uint64_t ms)
{
	unsigned long long seconds = ms / 1000, minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

	if (days)
		snprintf(ret, HS_FIGURE_BYTES, "%llu d %02llu h", days, hours % 24);
	else if (hours)
		snprintf(ret, HS_FIGURE_BYTES, "%llu h %02llu min", hours, minutes % 60);
	else if (minutes)
		snprintf(ret, HS_FIGURE_BYTES, "%llu min %02llu s", minutes, seconds % 60);
	else
		snprintf(ret, HS_FIGURE_BYTES, "%llu s", seconds);
	return ret;
}

const char *hs_text_short_age(char *ret, uint64_t ms)
{
	char *second_space;

	hs_text_age(ret, ms);
	second_space = strchr(strchr(ret, ' ') + 1, ' ');
	if (second_space)
		*second_space = '\0';
	return ret;
}

static const char *percent(char *ret, uint64_t part, uint64_t whole, bool is_rounded_down)
{
	if (!whole)
		return strcpy(ret, "-");
	unsigned __int128 tenths = ((unsigned __int128)part * 1000 + (is_rounded_down ? 0 : whole / 2)) / whole;
	snprintf(ret, HS_FIGURE_BYTES, "%llu.%u %%", (unsigned long long)(tenths / 10), (unsigned)(tenths % 10));
	return ret;
}

const char *hs_text_share(char *ret, uint64_t part, uint64_t whole)
{
	return percent(ret, part, whole, false);
}

const char *hs_text_percent(char *ret, uint64_t part, uint64_t whole)
{
	return percent(ret, part, whole, true);
}
