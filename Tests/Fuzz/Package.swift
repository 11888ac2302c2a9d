// swift-tools-version: 6.1
import PackageDescription

// A package of its own: everything in it is compiled once more, to tell the fuzzer which branches were taken. It has the
// few modules that read a model directory, as links, and so needs none of Baton's dependencies.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "fuzz",
    targets: [
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .target(name: "CKernels"),
        .target(name: "Files", dependencies: ["CKernels"], swiftSettings: strict),
        .target(name: "Tensors", dependencies: ["CKernels", "COpenBLAS", "Files"], swiftSettings: strict),
        .target(name: "Tokenizers", dependencies: ["Files"], swiftSettings: strict),
        .target(name: "Backbones", dependencies: ["Files", "Tensors", "Tokenizers"], swiftSettings: strict),
        .executableTarget(
            name: "fuzz", dependencies: ["Backbones", "Tensors", "Tokenizers"], swiftSettings: strict),
    ]
)
