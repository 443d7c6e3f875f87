# Text cases: one ctest entry for each file; adding a case needs no C and no word here.

# Models that say in comments what stroma must say about them (see the head of the runner).
add_executable(run_model_cases cases/run_model_cases.c)
target_link_libraries(run_model_cases PRIVATE stroma_base stroma_expr stroma_model m)
file(GLOB model_cases CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cases/model/*.stroma)
foreach(file IN LISTS model_cases)
  get_filename_component(name ${file} NAME_WE)
  get_filename_component(base ${file} NAME)
  add_test(NAME cases.model.${name} COMMAND run_model_cases ${base}
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/cases/model)
endforeach()
