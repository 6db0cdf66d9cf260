# Every library comes from the distribution; README.md has one line for each.
if(POLICY CMP0167)
  cmake_policy(SET CMP0167 NEW)  # Boost's own package file; CMake's module for it is gone
endif()
find_package(Threads REQUIRED)
find_package(PostgreSQL REQUIRED)
if(NOT TARGET PostgreSQL::client)  # the name that Poco 1.11's package uses
  add_library(PostgreSQL::client ALIAS PostgreSQL::PostgreSQL)
endif()
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(Poco REQUIRED COMPONENTS Foundation Util Net NetSSL Crypto Data DataSQLite DataPostgreSQL)
find_package(OpenSSL 3.0 REQUIRED)
find_package(CURL 7.88 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()
