/*
 * What driver understands, under the name "driver". Answers hold 0 or an error (cocos/errors.h) in
 * word 0. Every request may be made twice, so one that ended with E_GONE is simply repeated: the
 * next instance of the driver does it.
 */
#ifndef DRIVER_H
#define DRIVER_H

enum driver_request {
    /* Word 1 = n, 0 to DRIVER_FACTORIAL_MAX: word 1 = n!. E_ARGUMENT. */
    DRIVER_FACTORIAL = 1,
    /* Words 1-5 go into the device's memory and come back from there. */
    DRIVER_COPY = 2,
};

#define DRIVER_FACTORIAL_MAX 12 /* the device's register has 32 bits */
#define DRIVER_COPY_BYTES 40

#endif
