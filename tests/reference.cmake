# Reference and property tests. tests/reference/<problem>/ is a case by itself (see reference/run_reference.c):
# adding a folder adds a test. Property tests: tests/property/.
add_executable(run_reference reference/run_reference.c reference/measure.c)
add_executable(test_jacobian property/test_jacobian.c)
foreach(program run_reference test_jacobian)
  target_include_directories(${program} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${program} PRIVATE STROMA_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  foreach(floor IN LISTS STROMA_FLOORS)
    target_link_libraries(${program} PRIVATE stroma_${floor})
  endforeach()
  target_link_libraries(${program} PRIVATE m)
endforeach()

file(GLOB studies CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/reference/*/study.cfg)
foreach(study IN LISTS studies)
  get_filename_component(folder ${study} DIRECTORY)
  get_filename_component(problem ${folder} NAME)
  add_test(NAME reference.${problem} COMMAND run_reference ${folder}
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endforeach()

file(GLOB_RECURSE models CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/models/*.stroma
     ${CMAKE_CURRENT_SOURCE_DIR}/reference/*/*.stroma)
foreach(model IN LISTS models)
  file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${model})
  string(REGEX REPLACE "[/]" "." name ${name})
  add_test(NAME property.jacobian.${name} COMMAND test_jacobian ${model}
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endforeach()
