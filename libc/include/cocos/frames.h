/*
 * Frames and pages with the page tables they need. The kernel makes page tables only from frames
 * a domain was given for that (sys_page_fund) and says E_NO_TABLES when it has none left; these
 * give it one and try again. Errors are those of the system call, and E_NO_MEMORY or E_LIMIT when
 * there is no frame for a table.
 */
#ifndef COCOS_FRAMES_H
#define COCOS_FRAMES_H

#include <stdint.h>

#include <cocos/sys.h>

/* Claims any one frame (sys_frame_claim) with lower-half `rights`; returns its name. */
int64_t frame_take(uint32_t rights, uint64_t tag);

/* The same for any run of 2^order frames. */
int64_t frame_take_run(uint32_t order, uint32_t rights, uint64_t tag);

/* The same for a run of a zone (ZONE_*), or for the one at `where`. */
int64_t frame_take_in(uint64_t where, uint32_t order, uint32_t rights, uint64_t tag);

/* Claims the device memory that [start, end) lies in (sys_frame_claim_device): just these frames,
 * in runs as large as they are aligned. On an error none of it is claimed. */
int64_t frame_take_device(uint32_t range, uint64_t start, uint64_t end, uint32_t rights,
                          uint32_t cache);

/* Maps one owned frame at `at` in the upper half of `domain` (sys_page_map). */
int64_t page_place(uint32_t domain, uint64_t at, uint64_t frame, uint32_t rights);

/* Maps `bytes` of owned memory, a multiple of FRAME_BYTES, at `at`: in pages of 2 MiB where both
 * addresses are aligned to that and the memory was claimed so, else of 4 KiB. All of it or, on an
 * error, none. */
int64_t pages_place(uint32_t domain, uint64_t at, uint64_t frame, uint64_t bytes, uint32_t rights);

/* Gives a run to `domain` (sys_frame_give), which then has access to it with `rights`. */
int64_t frame_pass(uint64_t address, uint32_t order, uint32_t domain, uint32_t rights);

/* Grants a run to `domain` (sys_frame_grant), which then has access to it with `rights`, too. */
int64_t frame_lend(uint64_t address, uint32_t order, uint32_t domain, uint32_t rights);

/*
 * Grants the owned memory that [start, end) lies in to `domain` (sys_frame_grant), in runs as large
 * as they are aligned; on an error none of it. E_NO_TABLES is passed on: it is the receiver's to
 * mend. The other revokes it (sys_frame_revoke), and passes over what is granted no more.
 */
int64_t frames_grant(uint64_t start, uint64_t end, uint32_t domain, uint32_t rights);
void frames_revoke(uint64_t start, uint64_t end, uint32_t domain);

/* Releases the owned memory that [start, end) lies in. */
void frames_release(uint64_t start, uint64_t end);

/* Claims a frame for one page table of `domain`, and gives it that (sys_page_fund). */
int64_t table_fund(uint32_t domain);

/* The first eight characters of a text as a tag. */
uint64_t tag_of(const char *text);

#endif
