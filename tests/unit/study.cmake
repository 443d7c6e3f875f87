stroma_unit(test_study study)
stroma_unit(test_cohort study)
stroma_unit(test_statistics study)
stroma_unit(test_population study)
stroma_unit(test_fit study)

# The public header stands alone in C99 and C++; the libraries export what it declares; the example
# is built against either library as a program of somebody else would be.
set(STROMA_HEADER ${CMAKE_SOURCE_DIR}/src/stroma.h)
add_test(NAME header.c99 COMMAND ${CMAKE_C_COMPILER} -std=c99 -pedantic -Wall -Wextra -Werror
  -fsyntax-only -x c ${STROMA_HEADER})
find_program(STROMA_CXX NAMES c++ g++ clang++)
if(STROMA_CXX)
  add_test(NAME header.cxx COMMAND ${STROMA_CXX} -std=c++11 -pedantic -Wall -Wextra -Werror
    -fsyntax-only -x c++ ${STROMA_HEADER})
endif()

foreach(kind static shared)
  add_executable(example_${kind} unit/example.c)
  set_target_properties(example_${kind} PROPERTIES C_STANDARD 99 C_EXTENSIONS OFF)
  target_link_libraries(example_${kind} PRIVATE stroma_${kind} m)
  add_test(NAME example.${kind} COMMAND example_${kind})
endforeach()
if(STROMA_SANITIZE)
  target_link_options(example_shared PRIVATE -fsanitize=${STROMA_SANITIZE})
endif()
if(NOT STROMA_SANITIZE AND NOT STROMA_COVERAGE) # those export symbols of their own
  add_test(NAME library.exports COMMAND ${CMAKE_SOURCE_DIR}/tests/unit/exports.sh ${STROMA_HEADER}
    ${STROMA_ARCHIVE} $<TARGET_FILE:stroma_shared>)
  add_test(NAME library.installed COMMAND ${CMAKE_SOURCE_DIR}/tests/unit/installed.sh
    ${CMAKE_BINARY_DIR} ${CMAKE_C_COMPILER})
endif()

add_executable(test_library unit/test_library.c)
target_include_directories(test_library PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_compile_definitions(test_library PRIVATE _GNU_SOURCE STROMA_VERSION="${PROJECT_VERSION}")
target_link_libraries(test_library PRIVATE ${CUNIT_LIBRARY} stroma_static m)
add_test(NAME unit.test_library COMMAND test_library)
