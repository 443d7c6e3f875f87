# Fuzz targets. replay_<target> runs the corpus in ordinary ctest with any compiler; with -DSTROMA_FUZZ=ON
# (clang) fuzz_<target> is the libFuzzer program and every floor counts its edges.
if(STROMA_FUZZ)
  target_compile_options(stroma_options INTERFACE -fsanitize=fuzzer-no-link,address,undefined
    -fno-omit-frame-pointer)
  target_link_options(stroma_options INTERFACE -fsanitize=fuzzer-no-link,address,undefined)
endif()

# stroma_fuzz(name top): tests/fuzz/fuzz_<name>.c with the floors up to `top`
function(stroma_fuzz name top)
  set(libraries "")
  foreach(floor IN LISTS STROMA_FLOORS)
    list(APPEND libraries stroma_${floor})
    if(floor STREQUAL top)
      break()
    endif()
  endforeach()
  add_executable(replay_${name} fuzz/fuzz_${name}.c fuzz/replay.c)
  target_link_libraries(replay_${name} PRIVATE ${libraries} m)
  target_include_directories(replay_${name} PRIVATE fuzz)
  file(GLOB corpus CONFIGURE_DEPENDS fuzz/corpus/${name}/*)
  add_test(NAME fuzz.${name} COMMAND replay_${name} ${corpus})
  if(STROMA_FUZZ)
    add_executable(fuzz_${name} EXCLUDE_FROM_ALL fuzz/fuzz_${name}.c)
    target_link_libraries(fuzz_${name} PRIVATE ${libraries} m)
    target_include_directories(fuzz_${name} PRIVATE fuzz)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  endif()
endfunction()

stroma_fuzz(model tape)
stroma_fuzz(params params)
stroma_fuzz(csv table)
stroma_fuzz(data params)
stroma_fuzz(schedule simulate)

# The requests of `stroma serve` are read by the program, above the floors.
stroma_fuzz(serve params)
set(STROMA_SERVE_SOURCES ${CMAKE_SOURCE_DIR}/src/cli/serve.c ${CMAKE_SOURCE_DIR}/src/cli/serve_json.c
  ${CMAKE_SOURCE_DIR}/src/cli/serve_objective.c ${CMAKE_SOURCE_DIR}/src/cli/serve_csv.c ${CMAKE_SOURCE_DIR}/src/cli/json.c)
target_sources(replay_serve PRIVATE ${STROMA_SERVE_SOURCES})
if(STROMA_FUZZ)
  target_sources(fuzz_serve PRIVATE ${STROMA_SERVE_SOURCES})
endif()
