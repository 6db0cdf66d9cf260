# agw_core_library(<folder> [DEPENDS <folder>...] [LINK <library>...])
#
# One static library a folder of core/. A folder sees only itself and the folders it depends on: each has an include
# root of its own (a link in the build tree), so that an include which points up the list does not build.
function(agw_core_library folder)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  set(root ${PROJECT_BINARY_DIR}/include/${folder})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR}/${folder} ${root}/${folder} SYMBOLIC)

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  if(sources)
    add_library(agw_${folder} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(agw_${folder} PRIVATE agw_compiler)
  else()
    add_library(agw_${folder} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(agw_${folder} ${scope} ${root})
  list(TRANSFORM ARG_DEPENDS PREPEND agw_)
  target_link_libraries(agw_${folder} ${scope} ${ARG_DEPENDS} ${ARG_LINK})
endfunction()
