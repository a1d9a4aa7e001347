/* For the short ways through frequent calls: a condition that nearly always holds. */
#ifndef KERNEL_LIKELY_H
#define KERNEL_LIKELY_H

#define LIKELY(condition) __builtin_expect(!!(condition), 1)

#endif
