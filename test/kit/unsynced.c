/*
 * Preloaded into a process (LD_PRELOAD): notes down, for every file under UNSYNCED_DIR, what its writes go over and have not been
 * synced yet, so that after a kill -9 a test can take away what a power cut would have (see power-cut.ts). A kill alone takes
 * nothing: what was written is the kernel's.
 *
 * In UNSYNCED_NOTES, a file per inode, `<inode>`, of entries: kind, length (uint32), offset, size of the file before (uint64), bytes.
 *   'w' a write without a sync: the bytes that were there; 't' a change of length: the bytes that it cut off
 *   's' a write that is synced by itself (O_DSYNC, as lmdb's of its meta pages): the new bytes
 *   'c' in the file of a directory: a file was made in it, its name in the bytes
 * fsync and fdatasync empty it. UNSYNCED_KILL_AT=n: the process is killed (SIGKILL) instead of its n-th sync of a file. Writes and syncs take turns, so that none is noted while another is being synced.
 * What is written through mmap is not seen: lmdb maps its data for reading only.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

struct entry {
  uint32_t kind, length;
  uint64_t offset, size;
};

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

#define REAL(type, name, ...)                                  \
  static type (*name##_found)(__VA_ARGS__);                    \
  static type (*real_##name(void))(__VA_ARGS__) {              \
    if (!name##_found) name##_found = dlsym(RTLD_NEXT, #name); \
    return name##_found;                                       \
  }
REAL(ssize_t, write, int, const void *, size_t)
REAL(ssize_t, writev, int, const struct iovec *, int)
REAL(ssize_t, pwrite64, int, const void *, size_t, off_t)
REAL(ssize_t, pwritev64, int, const struct iovec *, int, off_t)
REAL(int, ftruncate64, int, off_t)
REAL(int, fsync, int)
REAL(int, fdatasync, int)
REAL(int, open64, const char *, int, ...)

static int watched_path(const char *path) {
  const char *directory = getenv("UNSYNCED_DIR");
  size_t length = directory ? strlen(directory) : 0;
  return length && !strncmp(path, directory, length) && (path[length] == '/' || !path[length]);
}

/* A file, or a directory, that is watched. */
static int watched(int fd, struct stat *stats) {
  if (fstat(fd, stats) || !(S_ISREG(stats->st_mode) || S_ISDIR(stats->st_mode))) return 0;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return watched_path(path);
}

static int notes_of(ino_t inode, int flags) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%lu", getenv("UNSYNCED_NOTES"), (unsigned long)inode);
  int notes = real_open64()(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
  if (notes < 0) abort();
  return notes;
}

static void note(ino_t inode, struct entry entry, const void *bytes) {
  int notes = notes_of(inode, O_APPEND);
  struct iovec parts[2] = {{&entry, sizeof entry}, {(void *)bytes, entry.length}};
  /* In one call: a kill in the middle of the notes would make them useless. */
  if (real_writev()(notes, parts, 2) != (ssize_t)(sizeof entry + entry.length)) abort();
  close(notes);
}

/* Notes down what lies at `offset` and will be gone. The file may have been opened for writing only. */
static void note_old(int fd, const struct stat *stats, uint32_t kind, uint64_t offset, uint64_t length) {
  uint64_t end = offset + length < (uint64_t)stats->st_size ? offset + length : (uint64_t)stats->st_size;
  struct entry entry = {kind, end > offset ? (uint32_t)(end - offset) : 0, offset, stats->st_size};
  char link[64], *old = malloc(entry.length + 1);
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  int reading = entry.length ? real_open64()(link, O_RDONLY | O_CLOEXEC) : -1;
  if (entry.length && (reading < 0 || pread(reading, old, entry.length, offset) != (ssize_t)entry.length)) abort();
  if (reading >= 0) close(reading);
  note(stats->st_ino, entry, old);
  free(old);
}

static uint64_t offset_of(int fd, const struct stat *stats) {
  return fcntl(fd, F_GETFL) & O_APPEND ? (uint64_t)stats->st_size : (uint64_t)lseek(fd, 0, SEEK_CUR);
}

/* What all writes have in common; `call` is the real one. A negative `at` is where the file stands. */
#define WRITE(fd, parts, count, at, call)                                         \
  struct stat stats;                                                              \
  if (!watched(fd, &stats)) return call;                                          \
  pthread_mutex_lock(&turn);                                                      \
  fstat(fd, &stats);                                                              \
  uint64_t offset = (at) < 0 ? offset_of(fd, &stats) : (uint64_t)(at), total = 0; \
  for (int i = 0; i < (count); i++) total += (parts)[i].iov_len;                  \
  int synced = fcntl(fd, F_GETFL) & O_DSYNC;                                      \
  if (!synced) note_old(fd, &stats, 'w', offset, total);                          \
  ssize_t done = call;                                                            \
  int error = errno;                                                              \
  if (synced && done > 0) note_new(&stats, offset, parts, count, done);           \
  pthread_mutex_unlock(&turn);                                                    \
  errno = error;                                                                  \
  return done

static void note_new(const struct stat *stats, uint64_t offset, const struct iovec *parts, int count, ssize_t done) {
  for (int i = 0; i < count && done > 0; i++) {
    uint32_t length = parts[i].iov_len < (size_t)done ? parts[i].iov_len : (size_t)done;
    note(stats->st_ino, (struct entry){'s', length, offset, stats->st_size}, parts[i].iov_base);
    offset += length;
    done -= length;
  }
}

ssize_t write(int fd, const void *bytes, size_t length) {
  struct iovec part = {(void *)bytes, length};
  WRITE(fd, &part, 1, (off_t)-1, real_write()(fd, bytes, length));
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  WRITE(fd, parts, count, (off_t)-1, real_writev()(fd, parts, count));
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) {
  struct iovec part = {(void *)bytes, length};
  WRITE(fd, &part, 1, at, real_pwrite64()(fd, bytes, length, at));
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite64(fd, bytes, length, at); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) {
  WRITE(fd, parts, count, at, real_pwritev64()(fd, parts, count, at));
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return pwritev64(fd, parts, count, at); }

int ftruncate64(int fd, off_t length) {
  struct stat stats;
  if (!watched(fd, &stats)) return real_ftruncate64()(fd, length);
  pthread_mutex_lock(&turn);
  fstat(fd, &stats);
  note_old(fd, &stats, 't', length, stats.st_size);
  int result = real_ftruncate64()(fd, length), error = errno;
  pthread_mutex_unlock(&turn);
  errno = error;
  return result;
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int synced(int fd, int (*real)(int)) {
  struct stat stats;
  if (!watched(fd, &stats)) return real(fd);
  pthread_mutex_lock(&turn);
  static long syncs;
  const char *last = getenv("UNSYNCED_KILL_AT");
  if (last && S_ISREG(stats.st_mode) && ++syncs == atol(last)) raise(SIGKILL);
  int result = real(fd), error = errno;
  if (!result) close(notes_of(stats.st_ino, O_TRUNC));
  pthread_mutex_unlock(&turn);
  errno = error;
  return result;
}
int fsync(int fd) { return synced(fd, real_fsync()); }
int fdatasync(int fd) { return synced(fd, real_fdatasync()); }

static void note_name(const char *path) {
  struct stat stats;
  char directory[PATH_MAX];
  const char *name = strrchr(path, '/');
  snprintf(directory, sizeof directory, "%.*s", (int)(name - path), path);
  if (stat(directory, &stats)) abort();
  pthread_mutex_lock(&turn);
  note(stats.st_ino, (struct entry){'c', strlen(name + 1), 0, 0}, name + 1);
  pthread_mutex_unlock(&turn);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (flags & O_CREAT && watched_path(path) && access(path, F_OK)) note_name(path);
  return real_open64()(path, flags, mode);
}
int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open64(path, flags, mode);
}
