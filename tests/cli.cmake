# The command line as a user sees it: one ctest entry a folder of tests/cli (see tests/cli/run.sh).
file(GLOB cli_folders RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}/cli CONFIGURE_DEPENDS cli/[0-9]*)
foreach(name IN LISTS cli_folders)
  add_test(NAME cli.${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/run.sh ${name})
  set_tests_properties(cli.${name} PROPERTIES SKIP_RETURN_CODE 77
    ENVIRONMENT "STROMA=$<TARGET_FILE:stroma>;BUILD=${CMAKE_BINARY_DIR}")
endforeach()

# Scripts that check more than one call can show.
function(stroma_script name)
  add_test(NAME cli.${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/${name}.sh)
  set_tests_properties(cli.${name} PROPERTIES SKIP_RETURN_CODE 77
    ENVIRONMENT "STROMA=$<TARGET_FILE:stroma>;BUILD=${CMAKE_BINARY_DIR}")
endfunction()
foreach(name check_man check_completion install readme reproducible grid population hdf5 summaries studies
    fit_nist fit_published fit_resume fit_methods fit_censored library pages serve fitting)
  stroma_script(${name})
endforeach()
if(NOT STROMA_LANES EQUAL 1) # there is no machine code of one lane
  stroma_script(native)
endif()

# These run much and show what a sanitizer sees in shorter tests too.
set_tests_properties(cli.readme cli.studies cli.pages cli.reproducible cli.fit_nist cli.fit_published cli.fit_methods
  PROPERTIES LABELS slow)

if(STROMA_MPI)
  set_property(TEST cli.population APPEND PROPERTY ENVIRONMENT "STROMA_MPI=$<TARGET_FILE:stroma-mpi>")
endif()

# A library that makes calls fail; it cannot live with the sanitizers' own.
if(NOT STROMA_SANITIZE AND NOT STROMA_FUZZ)
  add_library(faulty SHARED cli/faulty.c)
  target_link_libraries(faulty PRIVATE stroma_options ${CMAKE_DL_LIBS})
endif()
stroma_script(faulty)
