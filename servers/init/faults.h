/* Programs that the processor stopped: says what happened and ends them. */
#ifndef INIT_FAULTS_H
#define INIT_FAULTS_H

#include <stdbool.h>

#include <cocos/sys.h>

#include "programs.h"

/* Whether a fault is one that the program has asked to go on after (INIT_GUARD): its thread will,
 * when the fault is answered with FAULT_RESUME. */
bool faults_guarded(const struct program *program, const struct message *message);

/* `program` faulted, as `message` says (cocos/message.h). */
void faults_report(struct program *program, const struct message *message);

#endif
