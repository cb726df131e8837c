/* SPDX-License-Identifier: MIT */
/*
 * Turns the rows into one table, of whichever headers the including file took. It includes the lists
 * itself and must come last in that file.
 */
#define VALUE(constant)      { #constant, (unsigned long long)(constant), 0, NULL },
#define TEXT(constant)       { #constant, 0, sizeof(constant), constant },
#define SIZE(type)           { "sizeof " #type, sizeof(type), 0, NULL },
#define PLACE(type, field)   { #type "." #field, offsetof(type, field), 0, NULL },
#define FIELD(type, field)   \
    { #type "." #field, offsetof(type, field), sizeof(((type *)0)->field), NULL },

static const struct abi_row rows[] = {
#include "rows/core.h"
#include "rows/resources.h"
#include "rows/machine.h"
#include "rows/toolstack.h"
#include "rows/drivers.h"
#include "rows/libraries.h"
#include "rows/control.h"
#include "rows/xenctrl.h"
};
