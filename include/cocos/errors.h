/*
 * The one table of errors: name, code, text. A system call, a protocol or the ELF loader
 * returns the code as a negative number; 0 and above is success. `error_text` in libcocos
 * and in the kernel are made from this table.
 */
#ifndef COCOS_ERRORS_H
#define COCOS_ERRORS_H

/* clang-format off */
#define COCOS_ERRORS(X) \
    /* any system call */ \
    X(E_CALL,            1, "no such system call") \
    X(E_ARGUMENT,        2, "an argument is out of its documented range") \
    X(E_SLOT,            3, "the slot number is outside the table or the slot is empty") \
    X(E_OCCUPIED,        4, "the slot to be filled already holds a capability") \
    X(E_TYPE,            5, "the capability is for another kind of object") \
    X(E_RIGHTS,          6, "the capability lacks a right that this call needs") \
    X(E_DEAD,            7, "the object the capability was for no longer exists") \
    X(E_UNSUPPORTED,     8, "this kernel does not do that yet") \
    /* frames and pages */ \
    X(E_NOT_FREE,       16, "the frame is in use") \
    X(E_NOT_OWNER,      17, "the frame belongs to another domain") \
    X(E_NO_MEMORY,      18, "no free frame of this size in this zone") \
    X(E_LIMIT,          19, "the domain's account of frames is used up") \
    X(E_NO_TABLES,      20, "the domain has no frame left for a page table") \
    X(E_BUSY,           21, "the frame is still mapped") \
    X(E_MAPPED,         22, "something is mapped at that address already") \
    X(E_NOT_MAPPED,     23, "nothing is mapped at that address") \
    X(E_HALF,           24, "the address is outside the upper half's program area") \
    X(E_ALIGNMENT,      25, "the address is not aligned to the size") \
    X(E_WRITE_EXECUTE,  26, "a page may not be writable and executable at once") \
    X(E_NO_FRAME,       27, "this machine has no memory at that address") \
    X(E_NOT_ACCEPTED,   28, "the domain has not agreed to take that many frames") \
    X(E_ORDER,          29, "the memory was claimed in pieces of another size") \
    X(E_NOT_GRANTED,    30, "the frame was not granted to that domain") \
    /* messages */ \
    X(E_GONE,           32, "the receiver ended before it answered") \
    X(E_TIMEOUT,        33, "the deadline passed") \
    X(E_AGAIN,          34, "a bounded part is done: call again to continue") \
    X(E_DROPPED,        35, "the receiver let go of the call without answering") \
    X(E_CYCLE,          36, "the call would wait for itself") \
    X(E_STOPPED,        37, "the thread was stopped while it waited") \
    X(E_RUNNING,        38, "the thread is running or waiting: stop it first") \
    /* the ELF loader: each code is one rule */ \
    X(E_ELF_TRUNCATED,  64, "the file ends inside its headers or a segment") \
    X(E_ELF_MAGIC,      65, "not an ELF file") \
    X(E_ELF_CLASS,      66, "not a 64-bit little-endian ELF file of version 1") \
    X(E_ELF_MACHINE,    67, "not for x86-64") \
    X(E_ELF_TYPE,       68, "neither an executable nor a position-independent executable") \
    X(E_ELF_INTERPRETER,69, "needs a dynamic loader (link it with -static-pie)") \
    X(E_ELF_HEADERS,    70, "the program header table is of the wrong size or too long") \
    X(E_ELF_NO_SEGMENT, 71, "nothing to load") \
    X(E_ELF_MANY,       72, "more segments to load than the loader takes") \
    X(E_ELF_FILE_SIZE,  73, "a segment has more bytes in the file than in memory") \
    X(E_ELF_WRAP,       74, "a segment's address and size run past the end of the address space") \
    X(E_ELF_HALF,       75, "a segment lies outside the upper half") \
    X(E_ELF_RESERVED,   76, "a segment lies over the reserved top of the address space") \
    X(E_ELF_OVERLAP,    77, "two segments lie over each other") \
    X(E_ELF_RIGHTS,     78, "a segment is writable and executable at once, or not readable") \
    X(E_ELF_ALIGNMENT,  79, "a segment's alignment, address and file offset do not agree") \
    X(E_ELF_ENTRY,      80, "the entry point is not inside an executable segment") \
    X(E_ELF_SIZE,       81, "the image is larger than the loader takes") \
    /* servers */ \
    X(E_REQUEST,        96, "the server does not know this request") \
    X(E_NAME,           97, "no such name") \
    X(E_EXISTS,         98, "the name is taken") \
    X(E_TOO_LONG,       99, "the text is too long") \
    X(E_PROGRAM,       100, "the program could not be started") \
    X(E_FULL,          101, "the server has no room for another client") \
    X(E_FAULT,         102, "the program was ended by a fault") \
    /* files */ \
    X(E_NO_FILE,       128, "there is no such file or directory") \
    X(E_NOT_DIRECTORY, 129, "a part of the path is not a directory") \
    X(E_IS_DIRECTORY,  130, "it is a directory") \
    X(E_NOT_EMPTY,     131, "the directory is not empty") \
    X(E_NOT_ALLOWED,   132, "the file's permissions do not allow that") \
    X(E_READ_ONLY,     133, "this file system can only be read") \
    X(E_NO_SPACE,      134, "there is no space left for files") \
    X(E_FILE_SIZE,     135, "the file would be too large") \
    X(E_PATH,          136, "that is no path of a file") \
    X(E_LINK,          137, "symbolic links are not followed") \
    X(E_FID,           138, "the open file is not known to its server") \
    X(E_NOT_OPEN,      139, "the file is not open for that") \
    X(E_OTHER_SYSTEM,  140, "the two paths are of different file servers") \
    X(E_NO_FILES,      141, "the file server of this path does not run") \
    X(E_NO_READER,     143, "nobody reads from the pipe any more") \
    X(E_FILE_SERVER,   142, "the file system behind the server failed") \
    /* drivers */ \
    X(E_CLOCK,         110, "the time is not known: the clock has to be set") \
    X(E_DEVICE,        111, "the device does not do what it was told")
/* clang-format on */

#define COCOS_ERROR_NAME(name, code, text) name = -(code),
enum cocos_error { OK = 0, COCOS_ERRORS(COCOS_ERROR_NAME) };
#undef COCOS_ERROR_NAME

#endif
