/* SPDX-License-Identifier: MIT */
/*
 * Takes the ELF kernel out of a bzImage, see unpack.h. The decompressors are the distribution's;
 * this file only feeds them and holds them to their bounds. It must never run in ring 0.
 */
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <lz4.h>
#include <lzma.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

/* Offsets in the setup header, and what has to stand there. */
#define SETUP_SECTS    0x1f1
#define BOOT_FLAG      0x1fe
#define HEADER_MAGIC   0x202
#define HEADER_VERSION 0x206
#define PAYLOAD_OFFSET 0x248
#define PAYLOAD_LENGTH 0x24c
#define HEADER_END     0x250

/* A kernel's xz dictionary is at most some tens of MiB. */
#define XZ_MEMORY (256UL << 20)

/* The old LZ4 format, which the kernel's build makes: blocks of so much behind a magic number. */
#define LZ4_BLOCK (8 << 20)

static const char damaged[] = "the compressed kernel in the bzImage is damaged";
static const char no_memory[] = "out of memory";

const char *file_open(const char *path, struct file_data *out)
{
    const char *error = NULL;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    *out = (struct file_data){0};
    if (fd < 0)
        return "cannot open it";
    if (fstat(fd, &st)) {
        error = "cannot read it";
    } else if (!S_ISREG(st.st_mode)) {
        error = "not a regular file";
        errno = 0;
    } else if (st.st_size == 0) {
        error = "the file is empty";
        errno = 0;
    } else {
        out->data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (out->data == MAP_FAILED) {
            out->data = NULL;
            error = "cannot map it";
        } else {
            out->size = out->mapped = (size_t)st.st_size;
            out->st = st;
        }
    }
    close(fd);
    return error;
}

void file_close(struct file_data *file)
{
    if (file->mapped)
        munmap(file->data, file->mapped);
    *file = (struct file_data){0};
}

static uint32_t read32(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

bool unpack_is_bzimage(const unsigned char *data, size_t size)
{
    return size >= HEADER_END && data[BOOT_FLAG] == 0x55 && data[BOOT_FLAG + 1] == 0xaa &&
           memcmp(data + HEADER_MAGIC, "HdrS", 4) == 0;
}

/* Each takes in_size bytes and must fill exactly out_size; true where it did. */
static bool unpack_gzip(const unsigned char *in, size_t in_size, unsigned char *out,
                        size_t out_size)
{
    z_stream z = {
        .next_in = (unsigned char *)(uintptr_t)in,
        .avail_in = (uInt)in_size,
        .next_out = out,
        .avail_out = (uInt)out_size,
    };
    int ret;

    if (inflateInit2(&z, 15 + 16) != Z_OK)
        return false;
    ret = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    return ret == Z_STREAM_END && z.avail_out == 0;
}

static bool unpack_xz(const unsigned char *in, size_t in_size, unsigned char *out, size_t out_size)
{
    lzma_stream z = LZMA_STREAM_INIT;
    lzma_ret ret;

    if (lzma_stream_decoder(&z, XZ_MEMORY, 0) != LZMA_OK)
        return false;
    z.next_in = in;
    z.avail_in = in_size;
    z.next_out = out;
    z.avail_out = out_size;
    do {
        ret = lzma_code(&z, LZMA_FINISH);
    } while (ret == LZMA_OK && z.avail_out && z.avail_in);
    if (ret == LZMA_OK) /* all output is there: the end of the stream is still to be checked */
        ret = lzma_code(&z, LZMA_FINISH);
    lzma_end(&z);
    return ret == LZMA_STREAM_END && z.avail_out == 0;
}

static bool unpack_zstd(const unsigned char *in, size_t in_size, unsigned char *out,
                        size_t out_size)
{
    ZSTD_DStream *z = ZSTD_createDStream();
    ZSTD_inBuffer from = {in, in_size, 0};
    ZSTD_outBuffer to = {out, out_size, 0};
    size_t left = 1;

    if (!z)
        return false;
    ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, 28);
    while (left) {
        size_t before_in = from.pos, before_out = to.pos;

        left = ZSTD_decompressStream(z, &to, &from);
        if (ZSTD_isError(left) || (left && from.pos == before_in && to.pos == before_out)) {
            left = 1;
            break;
        }
    }
    ZSTD_freeDStream(z);
    return left == 0 && to.pos == out_size;
}

/* Each block stands behind its length, and needs none of those before it. No sum protects them. */
static bool unpack_lz4(const unsigned char *in, size_t in_size, unsigned char *out, size_t out_size)
{
    size_t at = 4, done = 0;

    while (done < out_size && in_size - at > 4) {
        size_t room = out_size - done < LZ4_BLOCK ? out_size - done : LZ4_BLOCK;
        uint32_t length = read32(in + at);
        int got;

        at += 4;
        if (length > LZ4_COMPRESSBOUND(LZ4_BLOCK) || length > in_size - at)
            return false;
        got = LZ4_decompress_safe((const char *)in + at, (char *)out + done, (int)length, (int)room);
        if (got <= 0)
            return false;
        at += length;
        done += (size_t)got;
    }
    return done == out_size && at == in_size;
}

static bool unpack_none(const unsigned char *in, size_t in_size, unsigned char *out,
                        size_t out_size)
{
    if (in_size != out_size)
        return false;
    memcpy(out, in, in_size);
    return true;
}

struct format {
    const char *magic;
    size_t magic_len;
    bool (*unpack)(const unsigned char *in, size_t in_size, unsigned char *out, size_t out_size);
    size_t trailer; /* bytes of size behind the stream that are not the stream's own */
};

/* By the payload's first bytes. A format without a function is known, but not supported. */
static const struct format formats[] = {
    {"\x1f\x8b", 2, unpack_gzip, 0},
    {"\xfd"
     "7zXZ\0",
     6, unpack_xz, 4},
    {"\x28\xb5\x2f\xfd", 4, unpack_zstd, 4},
    {"\x7f"
     "ELF",
     4, unpack_none, 0},
    {"BZh", 3, NULL, 0},
    {"\x5d\x00\x00", 3, NULL, 0},
    {"\x89LZO", 4, NULL, 0},
    {"\x02\x21\x4c\x18", 4, unpack_lz4, 4},
};

static const struct format *find_format(const unsigned char *payload, size_t size)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (size >= formats[i].magic_len &&
            memcmp(payload, formats[i].magic, formats[i].magic_len) == 0)
            return &formats[i];
    return NULL;
}

const char *unpack_bzimage(const unsigned char *data, size_t size, struct file_data *out)
{
    const struct format *format;
    const unsigned char *payload;
    size_t setup, start, length, out_size;

    *out = (struct file_data){0};
    if (!unpack_is_bzimage(data, size))
        return "not a kernel: neither ELF nor bzImage";
    if ((data[HEADER_VERSION] | data[HEADER_VERSION + 1] << 8) < 0x208)
        return "the bzImage is too old: it needs boot protocol 2.08 or later";
    setup = data[SETUP_SECTS] ? data[SETUP_SECTS] : 4;
    start = (setup + 1) * 512 + (size_t)read32(data + PAYLOAD_OFFSET);
    length = read32(data + PAYLOAD_LENGTH);
    if (start > size || length > size - start)
        return "the bzImage is cut short";
    payload = data + start;
    format = find_format(payload, length);
    if (!format)
        return damaged;
    if (!format->unpack)
        return "the bzImage's compression is not supported: use gzip, xz, zstd or lz4";
    if (length < 16)
        return damaged;
    /* gzip's own trailer and the one that the kernel's build adds both end in the size */
    out_size = format->unpack == unpack_none ? length : read32(payload + length - 4);
    if (out_size < 64 || out_size > UNPACK_MAX)
        return damaged;
    /* Shared, so that a fork() need not copy its page tables. */
    out->data = mmap(NULL, out_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (out->data == MAP_FAILED) {
        *out = (struct file_data){0};
        return no_memory;
    }
    out->size = out->mapped = out_size;
    if (!format->unpack(payload, length - format->trailer, out->data, out_size)) {
        file_close(out);
        return damaged;
    }
    return NULL;
}
