# Reference and property tests. tests/reference/<problem>/ is a case by itself (see reference/run_reference.c):
# adding a folder adds a test. Property tests: tests/property/.
add_executable(run_reference reference/run_reference.c reference/measure.c)
add_executable(run_dosing reference/run_dosing.c)
add_executable(run_sensitivity reference/run_sensitivity.c)
add_executable(test_sensitivity_study property/test_sensitivity.c)
set(reference_programs run_reference run_dosing run_sensitivity test_sensitivity_study)
find_library(MPFR_LIBRARY mpfr)
find_path(MPFR_INCLUDE mpfr.h)
if(MPFR_LIBRARY AND MPFR_INCLUDE)
  add_executable(test_jacobian property/test_jacobian.c)
  target_include_directories(test_jacobian PRIVATE ${MPFR_INCLUDE})
  target_link_libraries(test_jacobian PRIVATE ${MPFR_LIBRARY})
  list(APPEND reference_programs test_jacobian)
else()
  message(STATUS "no libmpfr: the Jacobian tests are left out")
endif()
foreach(program IN LISTS reference_programs)
  target_include_directories(${program} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${program} PRIVATE STROMA_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  foreach(floor IN LISTS STROMA_FLOORS)
    target_link_libraries(${program} PRIVATE stroma_${floor})
  endforeach()
  target_link_libraries(${program} PRIVATE m)
endforeach()

add_test(NAME reference.dosing COMMAND run_dosing)
set_tests_properties(reference.dosing PROPERTIES SKIP_RETURN_CODE 77)
add_test(NAME reference.sensitivity COMMAND run_sensitivity)
set_tests_properties(reference.sensitivity PROPERTIES SKIP_RETURN_CODE 77)

file(GLOB studies CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/reference/*/study.cfg)
foreach(study IN LISTS studies)
  get_filename_component(folder ${study} DIRECTORY)
  get_filename_component(problem ${folder} NAME)
  add_test(NAME reference.${problem} COMMAND run_reference ${folder}
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endforeach()

# Sensitivities of every shipped model, at the solver's options of its study but rtol.
file(GLOB studies CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/params/*.cfg
     ${CMAKE_SOURCE_DIR}/params/pk/*.cfg ${CMAKE_SOURCE_DIR}/params/classic/*.cfg
     ${CMAKE_SOURCE_DIR}/params/fitting/*.cfg)
list(APPEND studies ${CMAKE_CURRENT_SOURCE_DIR}/reference/ra_nominal/study.cfg
     ${CMAKE_CURRENT_SOURCE_DIR}/property/fibrosis.cfg)
foreach(study IN LISTS studies)
  file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${study})
  string(REGEX REPLACE "[/]" "." name ${name})
  add_test(NAME property.sensitivity.${name} COMMAND test_sensitivity_study ${study}
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(property.sensitivity.${name} PROPERTIES LABELS slow)
endforeach()

file(GLOB_RECURSE models CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/models/*.stroma
     ${CMAKE_CURRENT_SOURCE_DIR}/reference/*/*.stroma)
if(NOT TARGET test_jacobian)
  set(models "")
endif()
list(FILTER models EXCLUDE REGEX "/das28.stroma$") # no states, so no Jacobian
foreach(model IN LISTS models)
  file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${model})
  string(REGEX REPLACE "[/]" "." name ${name})
  add_test(NAME property.jacobian.${name} COMMAND test_jacobian ${model}
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endforeach()
