/* SPDX-License-Identifier: MIT */
/*
 * Ring 0's functions that have names of the C library, under names of their own: a test includes this behind the
 * library's headers and then the .c files that it is about, so that both can be called side by side.
 */
#ifndef TESTS_UNIT_HV_OWN_NAMES_H
#define TESTS_UNIT_HV_OWN_NAMES_H

#define memcpy hv_memcpy
#define memmove hv_memmove
#define memset hv_memset
#define memcmp hv_memcmp
#define strlen hv_strlen
#define strcmp hv_strcmp
#define strncmp hv_strncmp
#define strchr hv_strchr
#define strstr hv_strstr
#define vsnprintf hv_vsnprintf

#endif
