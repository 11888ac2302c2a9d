// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that neither the program nor its tests ever build it.
let package = Package(
    name: "benchmarks",
    dependencies: [.package(name: "baton", path: "../..")],
    targets: [
        .executableTarget(
            name: "bench",
            dependencies: [.product(name: "Backbones", package: "baton")],
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
        .executableTarget(
            name: "decoder-bench",
            dependencies: [.product(name: "Backbones", package: "baton")],
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
        .executableTarget(
            name: "evolution-bench",
            dependencies: [.product(name: "Evolution", package: "baton")],
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
        .executableTarget(
            name: "tokenizers-bench",
            dependencies: [.product(name: "Backbones", package: "baton")],
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
        .executableTarget(
            name: "kernels",
            dependencies: [.product(name: "Backbones", package: "baton")],
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
        .executableTarget(
            name: "replay",
            dependencies: [.product(name: "Evolution", package: "baton"), .product(name: "Routing", package: "baton")],
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
        .executableTarget(
            name: "scales",
            dependencies: [.product(name: "Backbones", package: "baton")],
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
        .executableTarget(
            name: "transcript",
            dependencies: [.product(name: "Backbones", package: "baton")],
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
    ]
)
