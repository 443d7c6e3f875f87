# The library for other programs: one header, a shared and a static library that export stroma_* and
# nothing else. The archive holds a single relocatable object whose hidden symbols were made local,
# so that a program may own a tape_run of its own.
add_library(stroma_api OBJECT ${CMAKE_SOURCE_DIR}/src/stroma.c ${CMAKE_SOURCE_DIR}/src/stroma_study.c
  ${CMAKE_SOURCE_DIR}/src/stroma_run.c)
target_link_libraries(stroma_api PUBLIC stroma_options)

set(STROMA_LIBRARY_OBJECTS $<TARGET_OBJECTS:stroma_api>)
add_library(stroma_shared SHARED $<TARGET_OBJECTS:stroma_api>)
set_target_properties(stroma_shared PROPERTIES OUTPUT_NAME stroma VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR} LINKER_LANGUAGE C)
target_link_libraries(stroma_shared PRIVATE stroma_options)
foreach(floor IN LISTS STROMA_FLOORS)
  get_target_property(type stroma_${floor} TYPE)
  if(type STREQUAL "OBJECT_LIBRARY")
    list(APPEND STROMA_LIBRARY_OBJECTS $<TARGET_OBJECTS:stroma_${floor}>)
    target_link_libraries(stroma_shared PRIVATE stroma_${floor})
  endif()
endforeach()
target_include_directories(stroma_shared INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/src>)

set(STROMA_ARCHIVE ${CMAKE_BINARY_DIR}/libstroma.a)
set(STROMA_WHOLE ${CMAKE_BINARY_DIR}/stroma_whole.o)
add_custom_command(OUTPUT ${STROMA_ARCHIVE}
  COMMAND ${CMAKE_LINKER} -r -o ${STROMA_WHOLE} ${STROMA_LIBRARY_OBJECTS}
  COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${STROMA_WHOLE}
  COMMAND ${CMAKE_COMMAND} -E rm -f ${STROMA_ARCHIVE}
  COMMAND ${CMAKE_AR} rcsD ${STROMA_ARCHIVE} ${STROMA_WHOLE}
  DEPENDS ${STROMA_LIBRARY_OBJECTS}
  COMMAND_EXPAND_LISTS VERBATIM COMMENT "Making libstroma.a")
add_custom_target(stroma_archive ALL DEPENDS ${STROMA_ARCHIVE})

add_library(stroma_static STATIC IMPORTED GLOBAL)
add_dependencies(stroma_static stroma_archive)
set_target_properties(stroma_static PROPERTIES IMPORTED_LOCATION ${STROMA_ARCHIVE})
target_include_directories(stroma_static INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_link_libraries(stroma_static INTERFACE ${SUNDIALS_LIBRARIES} ${SUNDIALS_NVECSERIAL}
  PkgConfig::LIBCONFIG PkgConfig::JANSSON PkgConfig::GSL PkgConfig::NLOPT ${SLEEF_LIBRARY} ${MD_LIBRARY}
  Threads::Threads ${CMAKE_DL_LIBS} m)
if(STROMA_SANITIZE)
  target_link_options(stroma_static INTERFACE -fsanitize=${STROMA_SANITIZE})
endif()
if(STROMA_COVERAGE)
  target_link_options(stroma_static INTERFACE --coverage)
endif()

# The .pc file finds its prefix from where it lies: `cmake --install --prefix` may move it.
file(RELATIVE_PATH STROMA_PC_UP /x/${CMAKE_INSTALL_LIBDIR}/pkgconfig /x)
set(STROMA_PC_PATH "")
if(SUNDIALS_DIR)
  set(STROMA_PC_PATH "-L${SUNDIALS_DIR}/lib ")
endif()
set(STROMA_PC_CORE "")
if(SUNDIALS_CORE)
  set(STROMA_PC_CORE "-lsundials_core ")
endif()
configure_file(${CMAKE_SOURCE_DIR}/src/stroma.pc.in ${CMAKE_BINARY_DIR}/stroma.pc @ONLY)
install(TARGETS stroma_shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${STROMA_ARCHIVE} DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${CMAKE_SOURCE_DIR}/src/stroma.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${CMAKE_BINARY_DIR}/stroma.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
