# Requirements of every target of ours, as two interface targets. No global flags.
add_library(agw_compiler INTERFACE)
target_compile_features(agw_compiler INTERFACE cxx_std_20)
target_compile_options(agw_compiler INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-align -Wformat=2
  $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi>
  $<$<BOOL:${AGW_WERROR}>:-Werror>
  -fstack-protector-strong -fstack-clash-protection)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64")
  target_compile_options(agw_compiler INTERFACE -fcf-protection)
endif()
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT AGW_SANITIZE)
  target_compile_options(agw_compiler INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
target_link_options(agw_compiler INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)

if(AGW_SANITIZE)
  target_compile_options(agw_compiler INTERFACE -fsanitize=${AGW_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(agw_compiler INTERFACE -fsanitize=${AGW_SANITIZE})
endif()
if(AGW_FUZZ)
  target_compile_options(agw_compiler INTERFACE -fsanitize=fuzzer-no-link)
endif()
