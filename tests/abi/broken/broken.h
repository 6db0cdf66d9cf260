/* What the broken plugins have in common: they tell when their code runs, and differ from a right one in one
 * thing. */
#ifndef BROKEN_H
#define BROKEN_H

#include <stdio.h>
#include <stdlib.h>

#include "auth_gateway/abi.h"

#ifdef __cplusplus
#define BROKEN_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define BROKEN_EXPORT __attribute__((visibility("default")))
#endif

/* Runs when the file is mapped. */
__attribute__((constructor)) static void leave_marker(void) {
  const char* name = getenv("AGW_TEST_MARKER");
  FILE* marker = name != NULL ? fopen(name, "w") : NULL;
  if (marker != NULL) fclose(marker);
}

BROKEN_EXPORT const agw_provider* auth_gateway_provider_v1(void);

#define BROKEN_TEXT(literal) \
  { (literal), sizeof(literal) - 1 }
#define BROKEN_DESCRIPTOR(size, major, minor, id, schema, call)  \
  const agw_provider* auth_gateway_provider_v1(void) {           \
    static const agw_provider provider = {(size),                \
                                          (major),               \
                                          (minor),               \
                                          0,                     \
                                          BROKEN_TEXT(id),       \
                                          BROKEN_TEXT("1.0.0"),  \
                                          BROKEN_TEXT("Broken"), \
                                          BROKEN_TEXT(schema),   \
                                          (call)};               \
    return &provider;                                            \
  }

#endif
