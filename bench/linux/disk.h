/* What Linux takes to read and write a virtio disk. */
#ifndef BENCH_LINUX_DISK_H
#define BENCH_LINUX_DISK_H

/* Loads the drivers that the initramfs holds, and reports peer.linux.disk.NAME, a request's
 * instructions, and .NAME.elapsed, all ticks from one request to the next. Without a disk: nothing.
 */
void measure_disk(void);

#endif
