// A power cut for one process: preloaded, it remembers what was written below a folder since the last sync and, at a
// chosen operation, takes back all of it or a random part and ends the process.
//
// POWER_CUT_BELOW  the folder; other files are left alone
// POWER_CUT_AT     the number of the operation (write, truncate, sync, unlink, rename) at which the power goes
// POWER_CUT_MODE   all: nothing unsynced survives; random: each unsynced operation survives or not, writes also in part
// POWER_CUT_SEED   of the random part
//
// A file's content is durable from its own sync on, its name from a sync of its folder on. One thread is assumed.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { kMaxFiles = 256, kMaxDescriptors = 1024, kSector = 512 };

typedef struct {
  char* data;
  size_t size;
} Bytes;

typedef struct Pending {
  int is_truncate;
  off_t offset;  // or the new size
  Bytes bytes;
  struct Pending* next;
} Pending;

typedef struct {
  char path[1024];
  int name_durable;   // its folder was synced since it was made
  Bytes durable;      // content at its last sync
  Pending* first;
  Pending** last;
} File;

static File files[kMaxFiles];
static int file_count;
static int file_of[kMaxDescriptors];  // index + 1; 0: not ours
static char folder_of[kMaxDescriptors];  // the descriptor is a tracked folder
static long operations, cut_at = -1;
static const char* below;
static unsigned long long random_state;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void start(void) {
  if (cut_at >= 0) return;
  below = getenv("POWER_CUT_BELOW");
  cut_at = getenv("POWER_CUT_AT") ? atol(getenv("POWER_CUT_AT")) : 0;
  random_state = getenv("POWER_CUT_SEED") ? strtoull(getenv("POWER_CUT_SEED"), 0, 10) : 1;
}

static unsigned next_random(void) {
  random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
  return (unsigned)(random_state >> 33);
}

static int is_tracked(const char* path) {
  start();
  return below && cut_at > 0 && strncmp(path, below, strlen(below)) == 0;
}

static File* find_file(const char* path) {
  for (int i = 0; i < file_count; ++i) {
    if (strcmp(files[i].path, path) == 0) return &files[i];
  }
  return NULL;
}

static Bytes content_of(const char* path) {
  Bytes all = {NULL, 0};
  int fd = REAL(open)(path, O_RDONLY);
  struct stat status;
  if (fd >= 0 && fstat(fd, &status) == 0) {
    all.data = malloc((size_t)status.st_size + 1);
    ssize_t size = pread(fd, all.data, (size_t)status.st_size, 0);
    all.size = size > 0 ? (size_t)size : 0;
  }
  if (fd >= 0) REAL(close)(fd);
  return all;
}

static void put(Bytes* to, off_t offset, const char* data, size_t size) {
  size_t end = (size_t)offset + size;
  if (end > to->size) {
    to->data = realloc(to->data, end + 1);
    memset(to->data + to->size, 0, end - to->size);
    to->size = end;
  }
  memcpy(to->data + offset, data, size);
}

static void resize(Bytes* to, size_t size) {
  if (size > to->size) {
    to->data = realloc(to->data, size + 1);
    memset(to->data + to->size, 0, size - to->size);
  }
  to->size = size;
}

// In part: the power goes between two sectors.
static void put_some_sectors(Bytes* to, const Pending* p) {
  for (size_t at = 0; at < p->bytes.size; at += kSector) {
    size_t size = p->bytes.size - at < kSector ? p->bytes.size - at : kSector;
    if (next_random() % 2) put(to, p->offset + (off_t)at, p->bytes.data + at, size);
  }
}

static void cut(void) {
  int keeps_some = getenv("POWER_CUT_MODE") && strcmp(getenv("POWER_CUT_MODE"), "random") == 0;
  for (int i = 0; i < file_count; ++i) {
    File* f = &files[i];
    if (!f->name_durable && !(keeps_some && next_random() % 2)) {
      REAL(unlink)(f->path);
      continue;
    }
    for (Pending* p = f->first; keeps_some && p; p = p->next) {
      unsigned fate = next_random() % 3;
      if (p->is_truncate && fate != 0) resize(&f->durable, (size_t)p->offset);
      if (!p->is_truncate && fate == 1) put(&f->durable, p->offset, p->bytes.data, p->bytes.size);
      if (!p->is_truncate && fate == 2) put_some_sectors(&f->durable, p);
    }
    int fd = REAL(open)(f->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd >= 0 && REAL(pwrite)(fd, f->durable.data ? f->durable.data : "", f->durable.size, 0) < 0) _exit(99);
    if (fd >= 0) REAL(close)(fd);
  }
  _exit(137);
}

static void count_operation(void) {
  if (++operations == cut_at) cut();
}

static File* tracked(int fd) { return fd >= 0 && fd < kMaxDescriptors && file_of[fd] ? &files[file_of[fd] - 1] : NULL; }

static void remember(int fd, off_t offset, const void* data, size_t size, int is_truncate) {
  File* f = tracked(fd);
  if (!f) return;
  count_operation();
  Pending* p = calloc(1, sizeof *p);
  p->is_truncate = is_truncate;
  p->offset = offset;
  if (!is_truncate) put(&p->bytes, 0, data, size);
  *f->last = p;
  f->last = &p->next;
}

static void forget_pending(File* f) {
  while (f->first) {
    Pending* next = f->first->next;
    free(f->first->bytes.data);
    free(f->first);
    f->first = next;
  }
  f->last = &f->first;
}

static void on_open(const char* path, int existed, int fd) {
  if (fd < 0 || fd >= kMaxDescriptors || !is_tracked(path)) return;
  struct stat status;
  if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
    folder_of[fd] = 1;
    return;
  }
  File* f = find_file(path);
  if (!f && file_count < kMaxFiles) {
    f = &files[file_count++];
    snprintf(f->path, sizeof f->path, "%s", path);
    f->name_durable = existed;
    f->durable = existed ? content_of(path) : (Bytes){NULL, 0};
    f->last = &f->first;
  }
  if (f) file_of[fd] = (int)(f - files) + 1;
}

static int real_open(const char* path, int flags, mode_t mode) {
  int existed = access(path, F_OK) == 0;
  int fd = REAL(open)(path, flags, mode);
  on_open(path, existed, fd);
  return fd;
}

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return real_open(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return real_open(path, flags, mode);
}

int close(int fd) {
  if (fd >= 0 && fd < kMaxDescriptors) file_of[fd] = folder_of[fd] = 0;
  return REAL(close)(fd);
}

ssize_t write(int fd, const void* data, size_t size) {
  if (tracked(fd)) remember(fd, lseek(fd, 0, SEEK_CUR), data, size, 0);
  return REAL(write)(fd, data, size);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  remember(fd, offset, data, size, 0);
  return REAL(pwrite)(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  remember(fd, offset, data, size, 0);
  return REAL(pwrite64)(fd, data, size, offset);
}

int ftruncate(int fd, off_t size) {
  remember(fd, size, NULL, 0, 1);
  return REAL(ftruncate)(fd, size);
}

int ftruncate64(int fd, off64_t size) {
  remember(fd, size, NULL, 0, 1);
  return REAL(ftruncate64)(fd, size);
}

static void on_sync(int fd) {
  File* f = tracked(fd);
  if (f) {
    count_operation();
    free(f->durable.data);
    f->durable = content_of(f->path);
    forget_pending(f);
  }
  if (fd >= 0 && fd < kMaxDescriptors && folder_of[fd]) {
    count_operation();
    for (int i = 0; i < file_count; ++i) files[i].name_durable |= access(files[i].path, F_OK) == 0;
  }
}

int fsync(int fd) {
  on_sync(fd);
  return REAL(fsync)(fd);
}

int fdatasync(int fd) {
  on_sync(fd);
  return REAL(fdatasync)(fd);
}

int unlink(const char* path) {
  if (is_tracked(path)) count_operation();
  return REAL(unlink)(path);
}

// What the new name shows after a cut is decided by the sync of its folder, like a new file's.
int rename(const char* from, const char* to) {
  if (is_tracked(to)) {
    count_operation();
    File* f = find_file(from);
    if (f) {
      snprintf(f->path, sizeof f->path, "%s", to);
      f->name_durable = 0;
    }
  }
  return REAL(rename)(from, to);
}
