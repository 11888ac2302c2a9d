// swift-tools-version: 6.1
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"), .enableUpcomingFeature("InternalImportsByDefault"),
]
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: [.copy("Fixtures")], swiftSettings: strict)
}

let package = Package(
    name: "baton",
    products: [
        .executable(name: "baton", targets: ["baton"]),
        .library(name: "Backbones", targets: ["Backbones", "Tensors", "Tokenizers"]),
        .library(name: "Evolution", targets: ["Evolution", "Tensors"]),
        .library(name: "Routing", targets: ["Routing", "Tensors"]),
    ],
    dependencies: [
        // Package.resolved is not kept, so each version is exact.
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
    ],
    targets: [
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CHDF5", pkgConfig: "hdf5-serial", providers: [.apt(["libhdf5-dev"])]),
        .systemLibrary(name: "CGLPK", providers: [.apt(["libglpk-dev"])]),
        .target(name: "CKernels"),
        .target(name: "CProcess"),

        library("Files", ["CKernels"]),
        library("Tensors", ["CKernels", "COpenBLAS", "Files"]),
        library("Tokenizers", ["Files"]),
        library("Backbones", ["Files", "Tensors", "Tokenizers"]),
        library("Routing", ["Backbones", "Tensors"]),
        library("Evolution", ["Tensors"]),
        library("HDF5", ["CHDF5"]),
        library("Statistics"),
        library("Chat"),
        library("Tasks", ["CProcess", "Chat", "Files"]),
        library("Ledger", ["Chat", "Files", .product(name: "GRDB", package: "GRDB.swift")]),
        library("Labelling", ["Ledger", "Tasks"]),
        library("OfflineWorkers", ["CGLPK", "Chat", "Files", "Tensors"]),
        library(
            "HTTPWorkers",
            [
                "Chat", "Files", .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ]),
        library("Serving", ["Chat", "Files", .product(name: "HummingbirdCore", package: "hummingbird")]),
        library("Reports", ["Statistics"]),
        library(
            "Pipeline",
            ["Evolution", "Files", "HDF5", "Labelling", "Reports", "Routing", .product(name: "Yams", package: "Yams")]),
        .executableTarget(
            name: "baton",
            dependencies: [
                "HTTPWorkers", "OfflineWorkers", "Pipeline", "Serving",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        tests("NumericsTests", ["Backbones", "Evolution", "Files", "Statistics", "Tensors", "Tokenizers"]),
        tests("RoutingTests", ["Routing", "Statistics", "Tensors"]),
        tests("StorageTests", ["Files", "HDF5", "Pipeline", "Reports"]),
        tests("LabellingTests", ["Chat", "Files", "Labelling", "Ledger", "OfflineWorkers", "Tasks"]),
        tests("WireTests", ["Chat", "HTTPWorkers", "Serving"]),
        tests("EndToEndTests", ["Files", "HDF5", "Pipeline", "Statistics"]),
    ]
)
