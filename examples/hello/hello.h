/* What hello understands: a name (cocos/protocol/text.h); the answer is a text as well. */
enum hello_request { HELLO_GREET = 1 };
