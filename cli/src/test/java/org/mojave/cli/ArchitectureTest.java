package org.mojave.cli;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The rooms of the house and their doors: docs/tour.md shows them, these tests keep them. */
final class ArchitectureTest {
    private static final JavaClasses HOUSE =
            new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("org.mojave");

    @Test
    void everyRoomIsImported() {
        for (String room : new String[] {"format", "engine", "compress", "cli"}) {
            assertThat(HOUSE.stream().map(c -> c.getPackageName())).anyMatch(name -> name.startsWith("org.mojave." + room));
        }
    }

    @Test
    void dataFlowsOneWay() {
        layer("format", "engine", "compress", "cli");
        layer("engine", "compress", "cli");
        layer("compress", "cli");
    }

    private static void layer(String room, String... above) {
        String[] packages = new String[above.length];
        for (int i = 0; i < above.length; i++) {
            packages[i] = "org.mojave." + above[i] + "..";
        }
        noClasses().that().resideInAPackage("org.mojave." + room + "..").should().dependOnClassesThat().resideInAnyPackage(packages)
                .allowEmptyShould(true).check(HOUSE);
    }

    @Test
    void packagesFormNoCycle() {
        slices().matching("org.mojave.(**)").should().beFreeOfCycles().check(HOUSE);
    }

    @Test
    void onlyTheKernelsTouchVectorsAndNativeCode() {
        noClasses().that().resideOutsideOfPackage("org.mojave.engine.kernel..").should().dependOnClassesThat(
                resideInAnyPackage("jdk.incubator.vector..", "org.bytedeco..")).check(HOUSE);
        noClasses().that().resideOutsideOfPackage("org.mojave.engine.kernel..").should().dependOnClassesThat()
                .haveFullyQualifiedName("java.lang.foreign.Linker").check(HOUSE);
        noClasses().that().resideOutsideOfPackage("org.mojave.engine.kernel..").should().dependOnClassesThat()
                .haveFullyQualifiedName("java.lang.foreign.SymbolLookup").check(HOUSE);
    }

    @Test
    void quantizersAndAllocatorsArePure() {
        noClasses().that().resideInAnyPackage("org.mojave.compress.quantize..", "org.mojave.compress.allocate..")
                .should().dependOnClassesThat().resideInAnyPackage("java.io..", "java.nio.file..", "java.nio.channels..", "java.net..",
                        "org.mojave.engine.run..", "org.mojave.engine.model..", "org.mojave.format.checkpoint..", "org.slf4j..")
                .allowEmptyShould(true).check(HOUSE);
    }

    @Test
    void onlyTheCommandLineKnowsItsLibraries() {
        noClasses().that().resideOutsideOfPackage("org.mojave.cli..").should().dependOnClassesThat()
                .resideInAnyPackage("picocli..", "me.tongfei..", "ch.qos.logback..", "tools.jackson.dataformat..").check(HOUSE);
    }

    @Test
    void namesSayWhatAClassIs() {
        noClasses().should().haveSimpleNameEndingWith("Utils").orShould().haveSimpleNameEndingWith("Helper")
                .orShould().haveSimpleNameEndingWith("Manager").orShould().haveSimpleNameEndingWith("Impl")
                .orShould().haveSimpleNameStartingWith("Abstract").orShould().haveSimpleNameStartingWith("Base").check(HOUSE);
    }

    @Test
    void exceptionsAreUnchecked() {
        classes().that().areAssignableTo(Exception.class).should().beAssignableTo(RuntimeException.class).allowEmptyShould(true).check(HOUSE);
    }

    @Test
    void noStateHidesInStaticFields() {
        com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields().that().areStatic().and().areNotFinal()
                .should().haveModifier(JavaModifier.SYNTHETIC).allowEmptyShould(true).check(HOUSE);
    }
}
