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
        .library(name: "Backbones", targets: ["Backbones", "Tensors"]),
        .library(name: "Evolution", targets: ["Evolution"]),
    ],
    dependencies: [
        // Package.resolved is not kept, so each version is exact.
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CHDF5", pkgConfig: "hdf5-serial", providers: [.apt(["libhdf5-dev"])]),
        .target(name: "CKernels"),

        library("Tensors", ["CKernels", "COpenBLAS"]),
        library("Tokenizers"),
        library("Backbones", ["Tensors", "Tokenizers"]),
        library("Routing", ["Backbones", "Tensors"]),
        library("Evolution", ["Tensors"]),
        library("HDF5", ["CHDF5"]),
        library("Statistics"),
        library("Reports", ["Statistics"]),
        library("Pipeline", ["Evolution", "HDF5", "Reports", "Routing", .product(name: "Yams", package: "Yams")]),
        .executableTarget(
            name: "baton",
            dependencies: ["Pipeline", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: strict),

        tests("NumericsTests", ["Backbones", "Evolution", "Statistics", "Tensors", "Tokenizers"]),
        tests("RoutingTests", ["Routing", "Statistics", "Tensors"]),
        tests("StorageTests", ["HDF5", "Pipeline", "Reports"]),
        tests("EndToEndTests", ["HDF5", "Pipeline"]),
    ]
)
