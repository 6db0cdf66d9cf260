# add_oauth_provider(<id> <source>... [CHECK_OPTIONS <file.json>])
#
# A plugin: a module with hidden visibility whose only export is the entry symbol, with no undefined symbols and no
# library but the C and C++ run time. Beside its sources it may have
#   options.schema.json  becomes "options_schema.hpp" with `constexpr std::string_view optionsSchema`
#   fixtures/*.txt       run by its conformance test, which is registered with it
# CHECK_OPTIONS: options for that test, where the plugin cannot do without.
#
# Used by this project and, after find_package(AuthGateway), by others.
set(_agw_provider_dir ${CMAKE_CURRENT_LIST_DIR})

function(_agw_embed_schema id)
  set(file ${CMAKE_CURRENT_SOURCE_DIR}/options.schema.json)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} AGW_SCHEMA)
  configure_file(${_agw_provider_dir}/options_schema.hpp.in ${CMAKE_CURRENT_BINARY_DIR}/${id}/options_schema.hpp @ONLY)
  target_include_directories(${id} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/${id})
endfunction()

function(add_oauth_provider id)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "CHECK_OPTIONS" "")
  add_library(${id} MODULE ${ARG_UNPARSED_ARGUMENTS})
  if(TARGET agw_compiler)
    target_link_libraries(${id} PRIVATE auth_gateway_sdk agw_compiler)
    set(check provider-check)
    set(tested ${AGW_TESTS})
    set_target_properties(${id} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${AGW_PLUGIN_DIR})
  else()
    target_link_libraries(${id} PRIVATE AuthGateway::sdk)
    set(check AuthGateway::provider-check)
    set(tested ON)
  endif()
  set_target_properties(${id} PROPERTIES
    PREFIX "" SUFFIX ".so"
    CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON C_STANDARD 11
    CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/options.schema.json)
    _agw_embed_schema(${id})
  endif()
  target_link_options(${id} PRIVATE -Wl,--version-script=${_agw_provider_dir}/provider.map)
  if(NOT AGW_SANITIZE)  # their run time may be in the program alone
    target_link_options(${id} PRIVATE -Wl,--no-undefined)
  endif()
  set_property(TARGET ${id} APPEND PROPERTY LINK_DEPENDS ${_agw_provider_dir}/provider.map)

  if(tested AND TARGET ${check})
    set(command ${check} $<TARGET_FILE:${id}>)
    if(ARG_CHECK_OPTIONS)
      list(APPEND command --options ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_CHECK_OPTIONS})
    endif()
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/fixtures)
      list(APPEND command --fixtures ${CMAKE_CURRENT_SOURCE_DIR}/fixtures)
    endif()
    add_test(NAME provider-check/${id} COMMAND ${command})
    set_tests_properties(provider-check/${id} PROPERTIES LABELS conformance)
  endif()
endfunction()
