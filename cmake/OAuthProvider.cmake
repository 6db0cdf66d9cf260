# add_oauth_provider(<id> <source>...)
#
# A plugin: a module with hidden visibility whose only export is the entry symbol, with no undefined symbols and no
# library but the C and C++ run time. Its conformance test is registered with it.
function(add_oauth_provider id)
  add_library(${id} MODULE ${ARGN})
  target_link_libraries(${id} PRIVATE auth_gateway_sdk agw_compiler)
  set_target_properties(${id} PROPERTIES
    PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${AGW_PLUGIN_DIR}
    CXX_STANDARD 17 CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_link_options(${id} PRIVATE -Wl,--no-undefined
    -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/provider.map)
  set_property(TARGET ${id} APPEND PROPERTY LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/provider.map)
  if(AGW_TESTS AND TARGET provider-check)
    add_test(NAME provider-check/${id} COMMAND provider-check $<TARGET_FILE:${id}>)
    set_tests_properties(provider-check/${id} PROPERTIES LABELS conformance)
  endif()
endfunction()
