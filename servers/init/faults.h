/* Programs that the processor stopped: says what happened and ends them. */
#ifndef INIT_FAULTS_H
#define INIT_FAULTS_H

#include <cocos/sys.h>

#include "programs.h"

/* `program` faulted, as `message` says (cocos/message.h). */
void faults_report(struct program *program, const struct message *message);

#endif
