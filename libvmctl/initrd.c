/* SPDX-License-Identifier: MIT */
/*
 * Tells a whole initrd from one that was cut short, before a guest finds out. It looks only as hard
 * as each format makes it: cpio and zstd are walked from header to header, xz ends in a signed
 * footer, gzip alone has to be unpacked (into nothing). What it does not know it lets pass: an initrd
 * may be whatever the guest's kernel takes.
 */
#include "unpack.h"

#include <lzma.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define SCRATCH     (64UL << 10)
#define CPIO_HEADER 110
#define XZ_MEMORY   (256UL << 20)

/* Results of looking at one archive besides the number of its bytes. */
#define CUT_SHORT 0
#define UNKNOWN   SIZE_MAX

/* One of a cpio header's 8-digit hexadecimal fields. */
static size_t cpio_field(const unsigned char *header, unsigned int index)
{
    char text[9] = {0};

    memcpy(text, header + 6 + 8 * index, 8);
    return strtoul(text, NULL, 16);
}

static size_t align4(size_t value)
{
    return (value + 3) & ~(size_t)3;
}

/* From header to header, up to the trailer. */
static size_t cpio_size(const unsigned char *data, size_t size)
{
    size_t at = 0;

    while (size - at >= CPIO_HEADER) {
        const unsigned char *header = data + at;
        size_t file, name, body;

        if (memcmp(header, "07070", 5))
            return CUT_SHORT;
        file = cpio_field(header, 6);
        name = cpio_field(header, 11);
        body = align4(CPIO_HEADER + name);
        if (name > size || file > size || body > size - at || align4(file) > size - at - body)
            return CUT_SHORT;
        if (name == 11 && !memcmp(header + CPIO_HEADER, "TRAILER!!!", 10))
            return at + body;
        at += body + align4(file);
    }
    return CUT_SHORT;
}

static size_t gzip_size(const unsigned char *data, size_t size, uint64_t *unpacked, uint64_t limit)
{
    unsigned char *scratch = malloc(SCRATCH);
    /* zlib counts in 32 bits; no initrd of 4 GiB is looked at further */
    uInt room = size > UINT32_MAX ? UINT32_MAX : (uInt)size;
    z_stream z = {.next_in = (unsigned char *)(uintptr_t)data, .avail_in = room};
    int ret = scratch ? inflateInit2(&z, 15 + 16) : Z_MEM_ERROR;

    while (ret == Z_OK && *unpacked <= limit) {
        z.next_out = scratch;
        z.avail_out = SCRATCH;
        ret = inflate(&z, Z_NO_FLUSH);
        *unpacked += SCRATCH - z.avail_out;
    }
    inflateEnd(&z);
    free(scratch);
    return ret == Z_STREAM_END || ret == Z_OK ? room - z.avail_in : CUT_SHORT;
}

/* A file that ends in a footer is one whole stream; with something behind it, it has to be decoded. */
static size_t xz_size(const unsigned char *data, size_t size, uint64_t *unpacked, uint64_t limit)
{
    lzma_stream z = LZMA_STREAM_INIT;
    lzma_stream_flags flags;
    lzma_ret ret = LZMA_OK;
    size_t end = size;
    unsigned char *scratch;

    while (end > LZMA_STREAM_HEADER_SIZE && data[end - 1] == 0)
        end--;
    if (end >= 2 * LZMA_STREAM_HEADER_SIZE &&
        lzma_stream_footer_decode(&flags, data + end - LZMA_STREAM_HEADER_SIZE) == LZMA_OK)
        return size;
    scratch = malloc(SCRATCH);
    if (!scratch || lzma_stream_decoder(&z, XZ_MEMORY, 0) != LZMA_OK)
        ret = LZMA_MEM_ERROR;
    z.next_in = data;
    z.avail_in = size;
    while (ret == LZMA_OK && *unpacked <= limit) {
        z.next_out = scratch;
        z.avail_out = SCRATCH;
        ret = lzma_code(&z, LZMA_RUN);
        *unpacked += SCRATCH - z.avail_out;
    }
    lzma_end(&z);
    free(scratch);
    return ret == LZMA_STREAM_END || ret == LZMA_OK ? size - z.avail_in : CUT_SHORT;
}

static size_t zstd_size(const unsigned char *data, size_t size)
{
    size_t frame = ZSTD_findFrameCompressedSize(data, size);

    return ZSTD_isError(frame) ? CUT_SHORT : frame;
}

/* Size of the archive that data starts with. */
static size_t archive_size(const unsigned char *data, size_t size, uint64_t *unpacked,
                           uint64_t limit)
{
    if (size >= 6 && (!memcmp(data, "070701", 6) || !memcmp(data, "070702", 6)))
        return cpio_size(data, size);
    if (size >= 2 && !memcmp(data, "\x1f\x8b", 2))
        return gzip_size(data, size, unpacked, limit);
    if (size >= 6 && !memcmp(data,
                             "\xfd"
                             "7zXZ\0",
                             6))
        return xz_size(data, size, unpacked, limit);
    if (size >= 4 && !memcmp(data, "\x28\xb5\x2f\xfd", 4))
        return zstd_size(data, size);
    return UNKNOWN;
}

const char *initrd_check(const unsigned char *data, size_t size, size_t limit)
{
    uint64_t unpacked = 0;
    size_t at = 0;

    for (;;) {
        size_t step;

        while (at < size && data[at] == 0) /* padding between archives, and at the end */
            at++;
        if (at == size)
            return NULL;
        step = archive_size(data + at, size - at, &unpacked, limit);
        if (step == CUT_SHORT)
            return "it is cut short or damaged";
        if (unpacked > limit)
            return "unpacked, it is bigger than the VPS's memory";
        if (step == UNKNOWN)
            return NULL;
        at += step;
    }
}
