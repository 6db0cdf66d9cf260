# find_package(AuthGateway): the target AuthGateway::sdk, the program AuthGateway::provider-check and add_oauth_provider().
include(${CMAKE_CURRENT_LIST_DIR}/AuthGatewayTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/OAuthProvider.cmake)
