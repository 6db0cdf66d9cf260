/* Is there when missing_dependency is linked, and gone when it is loaded. */
int from_the_missing_library(void);
int from_the_missing_library(void) {
  return 0;
}
