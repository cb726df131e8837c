/* SPDX-License-Identifier: MIT */
/*
 * Instructions of ring 0 that may fault on a guest's account, and where to go on when they do. Entries
 * are made beside the instruction: _EXTABLE(label_of_instruction, label_to_continue) in C asm or in .S. A
 * fault at any other instruction of ring 0 is a bug of ours.
 */
#ifndef ENTRY_EXTABLE_H
#define ENTRY_EXTABLE_H

/* two 32-bit offsets relative to the entry itself */
#ifdef __ASSEMBLY__
.macro EXTABLE from:req to:req
    .pushsection .ex_table, "a"
    .balign 4
    .long \from - .
    .long \to - .
    .popsection
.endm
#else
#define EXTABLE(from, to)                                                                          \
    ".pushsection .ex_table,\"a\"\n\t.balign 4\n\t.long " from " - .\n\t.long " to " - .\n\t"     \
    ".popsection\n\t"
#endif
#endif
